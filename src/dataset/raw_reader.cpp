#include "dataset/raw_reader.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "dataset/convert.h"

namespace quant {

RawReader::RawReader(std::vector<InputSpec> inputs) {
  if (inputs.size() != 1) {
    throwBadInput("raw files can feed a model of one input, but this one has {}: save .npz files", inputs.size());
  }
  input_ = std::move(inputs.front());
  const bool is_fixed = input_.rank_known && !input_.shape.empty() &&
                        std::count(input_.shape.begin() + 1, input_.shape.end(), kOpenSize) == 0;
  if (!is_fixed) {
    throwBadInput("raw files do not say their shape, and model input {} leaves it open: save .npy files",
                  toString(input_));
  }
}

std::vector<SampleFiles> RawReader::group(const std::vector<DataFile>& files) const {
  std::vector<SampleFiles> groups;
  for (const DataFile& file : files) groups.push_back({file.name, {file}});
  return groups;
}

Shape RawReader::shapeOf(const SampleFiles& sample, size_t bytes) const {
  Shape shape = input_.shape;
  shape[0] = std::max<int64_t>(shape[0], 1);
  const auto wanted = static_cast<size_t>(elementCount(shape)) * static_cast<size_t>(elementSize(input_.type));
  if (wanted == 0 || bytes == 0 || bytes % wanted != 0) {
    throwBadInput("'{}' has {} bytes, but model input {} takes {}, or a multiple", sample.files.front().path.string(),
                  bytes, toString(input_), wanted);
  }
  shape[0] *= static_cast<int64_t>(bytes / wanted);
  return shape;
}

std::vector<Shape> RawReader::shapes(const SampleFiles& sample) const {
  return {shapeOf(sample, MappedFile::open(sample.files.front().path)->bytes().size())};
}

FileTensors RawReader::read(const SampleFiles& sample) const {
  const auto file = MappedFile::open(sample.files.front().path);
  const auto bytes = file->bytes();
  // A boolean byte other than 0 and 1 must not become a C++ bool.
  const DataType stored = input_.type == DataType::kBool ? DataType::kUInt8 : input_.type;
  FileTensors tensors;
  tensors.inputs.push_back(convertElements(Tensor::view(stored, shapeOf(sample, bytes.size()), bytes.data(), file),
                                           input_.type, describe(sample, 0)));
  return tensors;
}

std::string RawReader::describe(const SampleFiles& sample, size_t) const {
  return fmt::format("'{}'", sample.files.front().path.string());
}

}  // namespace quant
