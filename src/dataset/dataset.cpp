#include "dataset/dataset.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "dataset/class_names.h"
#include "dataset/picture_dataset.h"
#include "dataset/tensor_dataset.h"

namespace quant {

namespace {

/// The shape of the batch of one input, once all samples are known to agree but for the first size.
Shape batchShape(std::span<const Sample> samples, const std::string& input) {
  const Shape& first = samples.front().inputs.at(input).shape();
  Shape shape = first;
  if (samples.size() > 1 && shape.empty()) {
    throwBadInput("samples for input '{}', which has no axes, cannot be joined to a batch", input);
  }
  for (const Sample& sample : samples.subspan(1)) {
    const Shape& other = sample.inputs.at(input).shape();
    const bool agree = other.size() == first.size() && std::equal(first.begin() + 1, first.end(), other.begin() + 1);
    if (!agree) {
      throwBadInput(
          "samples of different shapes cannot be one batch: input '{}' is {} in '{}', but {} in '{}'; use a "
          "batch size of 1",
          input, toString(first), samples.front().name, toString(other), sample.name);
    }
    shape[0] += other[0];
  }
  return shape;
}

Tensor stackInput(std::span<const Sample> samples, const std::string& input) {
  Tensor batch(samples.front().inputs.at(input).type(), batchShape(samples, input));
  auto* dst = static_cast<std::byte*>(batch.bytes());
  for (const Sample& sample : samples) {
    const Tensor& tensor = sample.inputs.at(input);
    if (tensor.byteSize() != 0) std::memcpy(dst, tensor.bytes(), tensor.byteSize());
    dst += tensor.byteSize();
  }
  return batch;
}

/// Which sample belongs to which class, by a file or by folders; folders of TensorProtos are samples themselves.
Classification classify(const std::filesystem::path& folder, const FolderListing& listing,
                        const DatasetOptions& options) {
  if (options.labels_file) {
    ClassNames names = findNamesOfLabels(folder, options.classes_file);
    Labels labels = readLabels(*options.labels_file, names);
    return {std::move(names), std::move(labels)};
  }
  if (listing.kind == DatasetKind::kTensorProtos) return {};
  return {findClassNames(folder, listing, options.classes_file), {}};
}

}  // namespace

std::unique_ptr<Dataset> openDataset(const std::filesystem::path& folder, const std::vector<InputSpec>& inputs,
                                     const DatasetOptions& options) {
  if (inputs.empty()) throwBadInput("the model has no inputs to feed samples to");
  FolderListing listing = listFolder(folder);
  Classification classification = classify(folder, listing, options);
  if (listing.kind == DatasetKind::kPictures) {
    return std::make_unique<PictureDataset>(std::move(listing), std::move(classification), inputs, options);
  }
  return std::make_unique<TensorDataset>(listing, std::move(classification), inputs, options);
}

NamedTensors stack(std::span<const Sample> samples) {
  NamedTensors batch;
  if (samples.empty()) return batch;
  for (const auto& [name, tensor] : samples.front().inputs) {
    batch.emplace(name, samples.size() == 1 ? tensor.alias() : stackInput(samples, name));
  }
  return batch;
}

std::vector<size_t> spreadEvenly(size_t count, size_t max_samples) {
  const size_t chosen = max_samples == 0 ? count : std::min(count, max_samples);
  std::vector<size_t> indices(chosen);
  for (size_t i = 0; i < chosen; ++i) indices[i] = i * count / chosen;
  return indices;
}

}  // namespace quant
