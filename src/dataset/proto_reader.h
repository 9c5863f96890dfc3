#pragma once

#include <utility>
#include <vector>

#include "dataset/tensor_reader.h"

namespace quant {

/// ONNX TensorProto files. Files named input_0.pb, input_1.pb, ... that lie in one folder are the model's inputs in
/// order, as in ONNX's test_data_set folders; for a model of one input, files of any other name are a sample each.
class ProtoReader : public TensorReader {
 public:
  explicit ProtoReader(std::vector<InputSpec> inputs) : inputs_(std::move(inputs)) {}
  [[nodiscard]] std::vector<SampleFiles> group(const std::vector<DataFile>& files) const override;
  [[nodiscard]] std::vector<Shape> shapes(const SampleFiles& sample) const override;
  [[nodiscard]] FileTensors read(const SampleFiles& sample) const override;
  [[nodiscard]] std::string describe(const SampleFiles& sample, size_t input) const override;

 private:
  std::vector<InputSpec> inputs_;
};

}  // namespace quant
