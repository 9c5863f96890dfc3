#include "dataset/array_reader.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/error.h"

namespace quant {

namespace {

std::vector<std::string> namesOf(const ArrayFile& file) {
  std::vector<std::string> names;
  for (const auto& [name, header] : file.headers()) names.push_back(name);
  return names;
}

}  // namespace

std::vector<SampleFiles> ArrayReader::group(const std::vector<DataFile>& files) const {
  std::vector<SampleFiles> groups;
  for (const DataFile& file : files) groups.push_back({file.name, {file}});
  return groups;
}

std::optional<std::string> ArrayReader::labelArray(const ArrayFile& file) const {
  for (const std::string name : {"label", "labels"}) {
    const bool is_input = std::ranges::count(inputs_, name, &InputSpec::name) != 0;
    if (!is_input && file.headers().contains(name)) return name;
  }
  return std::nullopt;
}

std::string ArrayReader::arrayFor(const InputSpec& input, const ArrayFile& file, const std::string& path) const {
  if (file.headers().contains(input.name)) return input.name;
  std::vector<std::string> names = namesOf(file);
  if (const auto label = labelArray(file)) std::erase(names, *label);
  if (inputs_.size() == 1 && names.size() == 1) return names.front();
  if (names == std::vector<std::string>{""}) {
    throwBadInput("'{}' holds one array, but the model has {} inputs: save them by name in a .npz file", path,
                  inputs_.size());
  }
  throwBadInput("'{}' has no array '{}' for that input of the model; it holds: {}", path, input.name,
                fmt::join(names, ", "));
}

std::vector<Shape> ArrayReader::shapes(const SampleFiles& sample) const {
  const auto& path = sample.files.front().path;
  const ArrayFile file(path);
  std::vector<Shape> shapes;
  for (const InputSpec& input : inputs_) {
    shapes.push_back(file.headers().at(arrayFor(input, file, path.string())).shape);
  }
  return shapes;
}

FileTensors ArrayReader::read(const SampleFiles& sample) const {
  const auto& path = sample.files.front().path;
  const ArrayFile file(path);
  FileTensors tensors;
  for (const InputSpec& input : inputs_) tensors.inputs.push_back(file.read(arrayFor(input, file, path.string())));
  if (const auto label = labelArray(file)) tensors.labels = file.read(*label);
  return tensors;
}

std::string ArrayReader::describe(const SampleFiles& sample, size_t input) const {
  const std::string path = sample.files.front().path.string();
  return inputs_.size() == 1 ? fmt::format("'{}'", path) : fmt::format("array '{}' of '{}'", inputs_[input].name, path);
}

}  // namespace quant
