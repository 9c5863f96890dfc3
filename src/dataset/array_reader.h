#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dataset/array_file.h"
#include "dataset/tensor_reader.h"

namespace quant {

/// .npy and .npz files: arrays are matched to inputs by name; the only array (beside labels) of a file goes to the
/// only input of a model, whatever its name. An array 'label' or 'labels' that is no input holds labels.
class ArrayReader : public TensorReader {
 public:
  explicit ArrayReader(std::vector<InputSpec> inputs) : inputs_(std::move(inputs)) {}
  [[nodiscard]] std::vector<SampleFiles> group(const std::vector<DataFile>& files) const override;
  [[nodiscard]] std::vector<Shape> shapes(const SampleFiles& sample) const override;
  [[nodiscard]] FileTensors read(const SampleFiles& sample) const override;
  [[nodiscard]] std::string describe(const SampleFiles& sample, size_t input) const override;

 private:
  [[nodiscard]] std::string arrayFor(const InputSpec& input, const ArrayFile& file, const std::string& path) const;
  [[nodiscard]] std::optional<std::string> labelArray(const ArrayFile& file) const;

  std::vector<InputSpec> inputs_;
};

}  // namespace quant
