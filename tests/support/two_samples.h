#pragma once

#include "dataset/dataset.h"

namespace quant::test {

/// Two samples: ones, and minus ones.
class TwoSamples final : public Dataset {
 public:
  explicit TwoSamples(Shape shape) : shape_(std::move(shape)) {}
  [[nodiscard]] size_t size() const override { return 2; }
  [[nodiscard]] Sample load(size_t index) const override {
    Sample sample;
    Tensor tensor(DataType::kFloat32, shape_);
    for (float& value : tensor.data<float>()) value = index == 0 ? 1 : -1;
    sample.inputs["x"] = std::move(tensor);
    return sample;
  }
  [[nodiscard]] DatasetKind kind() const override { return {}; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return classes_; }
  [[nodiscard]] std::string description() const override { return "two samples"; }
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const override { return preprocess_; }

 private:
  Shape shape_;
  std::vector<std::string> classes_;
  std::optional<Preprocess> preprocess_;
};

}  // namespace quant::test
