#include "calibration/statistics.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace quant {

namespace {

/// Hands all elements to `visit` as float, a block at a time.
template <class T, class Visit>
void forEachConverted(const Tensor& tensor, Visit visit) {
  std::array<float, 4096> block;
  const auto elements = tensor.data<T>();
  for (size_t begin = 0; begin < elements.size(); begin += block.size()) {
    const auto part = elements.subspan(begin, std::min(block.size(), elements.size() - begin));
    std::transform(part.begin(), part.end(), block.begin(), [](T element) { return static_cast<float>(element); });
    visit(std::span<const float>(block).first(part.size()));
  }
}

}  // namespace

TensorStatistics::TensorStatistics(Detail detail, std::optional<int64_t> channel_axis) {
  if (detail == Detail::kHistogram) histogram_.emplace();
  if (channel_axis) channel_means_.emplace(*channel_axis);
}

void TensorStatistics::observe(const Tensor& tensor) {
  if (channel_means_) channel_means_->observe(tensor);
  const auto visit = [this](std::span<const float> values) { observe(values); };
  switch (tensor.type()) {
    case DataType::kFloat32: return observe(tensor.data<float>());
    case DataType::kFloat64: return forEachConverted<double>(tensor, visit);
    case DataType::kFloat16: return forEachConverted<Float16>(tensor, visit);
    case DataType::kBFloat16: return forEachConverted<BFloat16>(tensor, visit);
    case DataType::kUInt8: return forEachConverted<uint8_t>(tensor, visit);
    case DataType::kInt8: return forEachConverted<int8_t>(tensor, visit);
    case DataType::kUInt16: return forEachConverted<uint16_t>(tensor, visit);
    case DataType::kInt16: return forEachConverted<int16_t>(tensor, visit);
    case DataType::kUInt32: return forEachConverted<uint32_t>(tensor, visit);
    case DataType::kInt32: return forEachConverted<int32_t>(tensor, visit);
    case DataType::kUInt64: return forEachConverted<uint64_t>(tensor, visit);
    case DataType::kInt64: return forEachConverted<int64_t>(tensor, visit);
    case DataType::kBool: return forEachConverted<bool>(tensor, visit);
    default: break;  // no numbers, or none that are computed with
  }
  throwInternal("a tensor of type {} has no range", toString(tensor.type()));
}

void TensorStatistics::observe(std::span<const float> values) {
  summary_.merge(histogram_ ? histogram_->observe(values) : summarize(values));
}

void TensorStatistics::merge(const TensorStatistics& other) {
  if (hasHistogram() != other.hasHistogram()) throwInternal("statistics of different detail cannot be merged");
  summary_.merge(other.summary_);
  if (histogram_) histogram_->merge(*other.histogram_);
  if (channel_means_ && other.channel_means_) channel_means_->merge(*other.channel_means_);
}

const Histogram& TensorStatistics::histogram() const {
  if (!histogram_) throwInternal("these statistics were gathered without a histogram");
  return *histogram_;
}

}  // namespace quant
