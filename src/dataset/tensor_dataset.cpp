#include "dataset/tensor_dataset.h"

#include <algorithm>

#include "core/error.h"
#include "dataset/convert.h"
#include "dataset/describe_samples.h"

namespace quant {

namespace {

/// The reading of each array by the same rule, or nothing when one does not fit or the numbers of samples differ.
template <class Rule>
std::optional<std::vector<ArrayFit>> fitAll(const std::vector<Shape>& shapes, const std::vector<InputSpec>& inputs,
                                            Rule rule) {
  std::vector<ArrayFit> fits;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto fit = rule(shapes[i], inputs[i]);
    if (!fit || (i > 0 && fit->samples != fits.front().samples)) return std::nullopt;
    fits.push_back(*fit);
  }
  return fits;
}

std::string sampleName(const std::string& file, int64_t samples, int64_t row) {
  return samples == 1 ? file : fmt::format("{}[{}]", file, row);
}

}  // namespace

TensorDataset::TensorDataset(const FolderListing& listing, Classification classes, const std::vector<InputSpec>& inputs,
                             const DatasetOptions& options)
    : kind_(listing.kind), classes_(std::move(classes)), inputs_(inputs), reader_(makeTensorReader(kind_, inputs)) {
  std::vector<Position> all;
  for (SampleFiles& sample : reader_->group(listing.files)) {
    sources_.push_back(makeSource(std::move(sample)));
    for (int64_t row = 0; row < sources_.back().samples; ++row) all.push_back({sources_.size() - 1, row, all.size()});
  }
  found_ = all.size();
  if (classes_.labels) classes_.labels->requireFit(found_);
  for (const size_t index : spreadEvenly(all.size(), options.max_samples)) chosen_.push_back(all[index]);
}

TensorDataset::Source TensorDataset::makeSource(SampleFiles sample) const {
  const std::vector<Shape> shapes = reader_->shapes(sample);
  auto fits = fitAll(shapes, inputs_, fitArray);
  if (!fits) fits = fitAll(shapes, inputs_, fitWhole);
  for (size_t i = 0; !fits && i < inputs_.size(); ++i) {
    if (fitArray(shapes[i], inputs_[i])) continue;
    throwBadInput("{} has shape {}, which does not fit model input {}", reader_->describe(sample, i),
                  toString(shapes[i]), toString(inputs_[i]));
  }
  if (!fits) {
    throwBadInput("{} has shape {} and {} has shape {}: they hold different numbers of samples",
                  reader_->describe(sample, 0), toString(shapes.front()), reader_->describe(sample, shapes.size() - 1),
                  toString(shapes.back()));
  }
  const int64_t samples = fits->front().samples;
  if (samples == 0) throwBadInput("{} has shape {}: no samples", reader_->describe(sample, 0), toString(shapes[0]));
  return {std::move(sample), samples, std::move(*fits)};
}

std::shared_ptr<const FileTensors> TensorDataset::readSource(size_t source) const {
  const auto read = [&] { return std::make_shared<const FileTensors>(reader_->read(sources_[source].sample)); };
  if (sources_[source].samples == 1) return read();
  const std::lock_guard lock(mutex_);
  if (!kept_ || kept_source_ != source) {
    kept_ = read();
    kept_source_ = source;
  }
  return kept_;
}

Tensor TensorDataset::inputOf(const Source& source, std::shared_ptr<const FileTensors> tensors, size_t input,
                              int64_t row) const {
  const Tensor& whole = tensors->inputs[input];
  const Shape& shape = source.fits[input].shape;
  if (whole.elementCount() != source.samples * elementCount(shape)) {
    throwBadInput("{} changed while it was in use", reader_->describe(source.sample, input));
  }
  const auto stride = static_cast<size_t>(elementCount(shape)) * static_cast<size_t>(elementSize(whole.type()));
  const auto* bytes = static_cast<const std::byte*>(whole.bytes()) + static_cast<size_t>(row) * stride;
  const DataType stored = whole.type();
  return convertElements(Tensor::view(stored, shape, bytes, std::move(tensors)), inputs_[input].type,
                         reader_->describe(source.sample, input));
}

std::optional<int64_t> TensorDataset::labelFor(const Position& position, const FileTensors& tensors) const {
  const Source& source = sources_[position.source];
  if (classes_.labels) {
    return classes_.labels->of(sampleName(source.sample.name, source.samples, position.row), position.number);
  }
  if (!tensors.labels) return labelOf(source.sample.files.front(), classes_.names);
  if (tensors.labels->elementCount() != source.samples) {
    throwBadInput("'{}' has labels of shape {} for {} sample(s)", source.sample.name, toString(tensors.labels->shape()),
                  source.samples);
  }
  const Tensor labels =
      convertElements(tensors.labels->alias(), DataType::kInt64, fmt::format("the labels of '{}'", source.sample.name));
  return labels.data<int64_t>()[static_cast<size_t>(position.row)];
}

Sample TensorDataset::load(size_t index) const {
  const Position position = chosen_.at(index);
  const Source& source = sources_[position.source];
  const auto tensors = readSource(position.source);
  Sample sample{sampleName(source.sample.name, source.samples, position.row), {}, labelFor(position, *tensors)};
  for (size_t i = 0; i < inputs_.size(); ++i) {
    sample.inputs.emplace(inputs_[i].name, inputOf(source, tensors, i, position.row));
  }
  return sample;
}

std::string TensorDataset::description() const {
  return describeSamples({chosen_.size(), found_, sources_.size()}, kind_, classes_.names);
}

}  // namespace quant
