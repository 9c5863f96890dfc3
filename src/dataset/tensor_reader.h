#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "dataset/folder_listing.h"
#include "dataset/input_spec.h"

namespace quant {

/// Files that are read together: they hold all inputs of one or more samples.
struct SampleFiles {
  std::string name;
  std::vector<DataFile> files;
};

/// The arrays of SampleFiles, in the order of the model's inputs, with the type they have in the file.
struct FileTensors {
  std::vector<Tensor> inputs;
  std::optional<Tensor> labels;  ///< whole numbers, one for each sample
};

/// Reads tensors from one kind of file. Safe to use from several threads.
class TensorReader {
 public:
  virtual ~TensorReader() = default;
  /// Which files belong together.
  [[nodiscard]] virtual std::vector<SampleFiles> group(const std::vector<DataFile>& files) const = 0;
  /// The shape of each input, without reading the elements where that can be avoided.
  [[nodiscard]] virtual std::vector<Shape> shapes(const SampleFiles& sample) const = 0;
  [[nodiscard]] virtual FileTensors read(const SampleFiles& sample) const = 0;
  /// What the array for an input is called in errors.
  [[nodiscard]] virtual std::string describe(const SampleFiles& sample, size_t input) const = 0;
};

/// For kArrays, kTensorProtos and kRawBytes.
std::unique_ptr<TensorReader> makeTensorReader(DatasetKind kind, std::vector<InputSpec> inputs);

}  // namespace quant
