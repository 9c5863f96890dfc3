#include "calibration/channel_means.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "core/for_each_cpu.h"

namespace quant {

namespace {

/// How the elements lie around the channels: [outer, channels, inner].
struct ChannelView {
  size_t outer = 1, channels = 1, inner = 1;
};

ChannelView viewOf(const Tensor& tensor, size_t axis) {
  ChannelView view;
  const Shape& shape = tensor.shape();
  const bool is_last = tensor.layout() == Layout::kChannelsLast && axis == 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const auto size = static_cast<size_t>(shape[i]);
    (i == axis ? view.channels : i < axis || is_last ? view.outer : view.inner) *= size;
  }
  return view;
}

/// Adds rows of `sums.size()` channels. Floats are added over few rows, and doubles over those, for speed.
QUANTIZE_FOR_EACH_CPU void addRows(std::span<const float> rows, std::vector<double>& sums) {
  constexpr size_t kRows = 32;
  const size_t channels = sums.size();
  std::vector<float> block(channels);
  for (size_t begin = 0; begin < rows.size(); begin += kRows * channels) {
    std::ranges::fill(block, 0.0F);
    const size_t end = std::min(begin + kRows * channels, rows.size());
    for (size_t row = begin; row < end; row += channels) {
      for (size_t c = 0; c < channels; ++c) block[c] += rows[row + c];
    }
    for (size_t c = 0; c < channels; ++c) sums[c] += block[c];
  }
}

QUANTIZE_FOR_EACH_CPU double sumOf(std::span<const float> values) {
  constexpr size_t kLanes = 8, kBlock = 32 * kLanes;
  double sum = 0;
  for (size_t begin = 0; begin < values.size(); begin += kBlock) {
    const auto block = values.subspan(begin, std::min(kBlock, values.size() - begin));
    std::array<float, kLanes> lanes{};
    size_t i = 0;
    for (; i + kLanes <= block.size(); i += kLanes) {
      for (size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += block[i + lane];
    }
    for (; i < block.size(); ++i) lanes[0] += block[i];
    for (const float lane : lanes) sum += lane;
  }
  return sum;
}

std::vector<double> channelSums(std::span<const float> data, const ChannelView& view) {
  std::vector<double> sums(view.channels, 0.0);
  if (view.inner == 1) {
    addRows(data, sums);
    return sums;
  }
  for (size_t i = 0; i < view.outer * view.channels; ++i) {
    sums[i % view.channels] += sumOf(data.subspan(i * view.inner, view.inner));
  }
  return sums;
}

constexpr int kLeastExponent = -149;  // of the smallest float, and of the first word
constexpr int kFractionBits = 23;

}  // namespace

void ExactSum::add(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto exponent = static_cast<int>(bits >> kFractionBits & 0xFF);
  const int64_t fraction = bits & ((1U << kFractionBits) - 1);
  const int64_t magnitude = exponent == 0 ? fraction : fraction | int64_t{1} << kFractionBits;
  const int power = std::max(exponent - 1, 0);
  const int64_t part = magnitude << power % kPowers;
  words_[static_cast<size_t>(power / kPowers)] += std::signbit(value) ? -part : part;
}

void ExactSum::merge(const ExactSum& other) {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] += other.words_[i];
}

double ExactSum::value() const {
  double sum = 0;
  for (size_t i = words_.size(); i-- > 0;) {
    sum += std::ldexp(static_cast<double>(words_[i]), kPowers * static_cast<int>(i) + kLeastExponent);
  }
  return sum;
}

bool ChannelMeans::accepts(size_t channels) {
  if (sums_.empty() && !differ_) sums_.resize(channels);
  if (sums_.size() == channels) return true;
  differ_ = true;
  sums_.clear();
  return false;
}

void ChannelMeans::observe(const Tensor& tensor) {
  const int64_t axis = axis_ < 0 ? axis_ + tensor.rank() : axis_;
  if (tensor.type() != DataType::kFloat32 || axis < 0 || axis >= tensor.rank() || tensor.elementCount() == 0) return;
  const ChannelView view = viewOf(tensor, static_cast<size_t>(axis));
  const std::vector<double> sums = channelSums(tensor.data<float>(), view);
  if (!std::ranges::all_of(sums, [](double sum) { return std::isfinite(sum); }) || !accepts(view.channels)) return;
  const auto elements = static_cast<double>(view.outer * view.inner);
  for (size_t c = 0; c < sums.size(); ++c) sums_[c].add(static_cast<float>(sums[c] / elements));
  ++tensors_;
}

void ChannelMeans::merge(const ChannelMeans& other) {
  differ_ = differ_ || other.differ_;
  if (differ_) sums_.clear();
  if (other.sums_.empty() || !accepts(other.sums_.size())) return;
  for (size_t c = 0; c < sums_.size(); ++c) sums_[c].merge(other.sums_[c]);
  tensors_ += other.tensors_;
}

std::vector<float> ChannelMeans::means() const {
  std::vector<float> means;
  for (const ExactSum& sum : sums_) means.push_back(static_cast<float>(sum.value() / static_cast<double>(tensors_)));
  return means;
}

}  // namespace quant
