#include "dataset/picture_dataset.h"

#include "core/error.h"
#include "dataset/describe_samples.h"

namespace quant {

namespace {

const InputSpec& onlyInput(const std::vector<InputSpec>& inputs) {
  if (inputs.size() == 1) return inputs.front();
  throwBadInput(
      "pictures can feed a model of one input, but this one has {} ({}, {}, ...): save .npz files with all "
      "of them",
      inputs.size(), toString(inputs[0]), toString(inputs[1]));
}

}  // namespace

PictureDataset::PictureDataset(FolderListing listing, Classification classes, const std::vector<InputSpec>& inputs,
                               const DatasetOptions& options)
    : files_(std::move(listing.files)),
      classes_(std::move(classes)),
      input_(onlyInput(inputs)),
      preprocess_(resolve(options.preprocess, input_)),
      chosen_(spreadEvenly(files_.size(), options.max_samples)) {
  if (classes_.labels) classes_.labels->requireFit(files_.size());
}

std::optional<int64_t> PictureDataset::labelFor(size_t file) const {
  return classes_.labels ? classes_.labels->of(files_[file].name, file) : labelOf(files_[file], classes_.names);
}

Tensor PictureDataset::toInput(const DataFile& file) const {
  const Image image = decodeImage(file.path);
  try {
    Tensor tensor = apply(image, *preprocess_, input_.type);
    const bool has_batch_axis = !input_.rank_known || input_.shape.size() == 4;
    if (!has_batch_axis) return tensor;
    Shape shape = tensor.shape();
    shape.insert(shape.begin(), 1);
    return tensor.alias(std::move(shape));
  } catch (Error& error) {
    error.addContext(fmt::format("preparing picture '{}'", file.path.string()));
    throw;
  }
}

Sample PictureDataset::load(size_t index) const {
  const DataFile& file = files_[chosen_.at(index)];
  Tensor tensor = toInput(file);
  InputSpec any_batch = input_;
  if (any_batch.shape.size() == 4) any_batch.shape[0] = kOpenSize;
  if (!fits(tensor.shape(), any_batch)) {
    throwBadInput("picture '{}' becomes {}, which does not fit model input {}; choose another resize or crop",
                  file.path.string(), toString(tensor.shape()), toString(input_));
  }
  Sample sample{file.name, {}, labelFor(chosen_[index])};
  sample.inputs.emplace(input_.name, std::move(tensor));
  return sample;
}

std::string PictureDataset::description() const {
  return describeSamples({chosen_.size(), files_.size(), files_.size()}, kind(), classes_.names);
}

}  // namespace quant
