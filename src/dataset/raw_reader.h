#pragma once

#include <vector>

#include "dataset/tensor_reader.h"

namespace quant {

/// Files that hold nothing but the elements of a model's only input, in its type and row-major order. Its shape must
/// be fixed, but for the batch; a file of k times its size holds k samples.
class RawReader : public TensorReader {
 public:
  explicit RawReader(std::vector<InputSpec> inputs);
  [[nodiscard]] std::vector<SampleFiles> group(const std::vector<DataFile>& files) const override;
  [[nodiscard]] std::vector<Shape> shapes(const SampleFiles& sample) const override;
  [[nodiscard]] FileTensors read(const SampleFiles& sample) const override;
  [[nodiscard]] std::string describe(const SampleFiles& sample, size_t input) const override;

 private:
  [[nodiscard]] Shape shapeOf(const SampleFiles& sample, size_t bytes) const;

  InputSpec input_;
};

}  // namespace quant
