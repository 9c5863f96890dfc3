#include "core/quant_params.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/packed.h"

namespace quant {

namespace {

/// How a tensor's memory falls apart around the quantization axis: [outer, channels, inner].
struct AxisView {
  size_t outer = 1, channels = 1, inner = 1;
};

/// The axes in memory order: N, C, spatial... or N, spatial..., C.
std::vector<size_t> memoryOrder(const Tensor& tensor) {
  std::vector<size_t> axes(tensor.shape().size());
  std::iota(axes.begin(), axes.end(), size_t{0});
  if (tensor.layout() == Layout::kChannelsLast) std::rotate(axes.begin() + 1, axes.begin() + 2, axes.end());
  return axes;
}

AxisView viewAround(const Tensor& tensor, const QuantParams& params) {
  AxisView view;
  if (!params.axis()) {
    view.inner = static_cast<size_t>(tensor.elementCount());
    return view;
  }
  const auto axis = static_cast<size_t>(normalizeAxis(*params.axis(), tensor.rank()));
  size_t* part = &view.outer;
  for (const size_t i : memoryOrder(tensor)) {
    if (i == axis) part = &view.inner;
    (i == axis ? view.channels : *part) *= static_cast<size_t>(tensor.shape()[i]);
  }
  if (view.channels != params.scales().size()) {
    throwInternal("{} scales for axis {} of a tensor of shape {}", params.scales().size(), axis,
                  toString(tensor.shape()));
  }
  return view;
}

/// Calls visit(index, channel) for every element in memory order.
template <class Visit>
void forEach(const AxisView& view, Visit visit) {
  size_t index = 0;
  for (size_t o = 0; o < view.outer; ++o) {
    for (size_t c = 0; c < view.channels; ++c) {
      for (size_t i = 0; i < view.inner; ++i) visit(index++, c);
    }
  }
}

/// `scale` as a float with which even `steps` steps stay finite.
float finiteScale(double scale, int32_t steps) {
  auto result = static_cast<float>(std::min(scale, static_cast<double>(std::numeric_limits<float>::max()) / steps));
  while (!std::isfinite(result * static_cast<float>(steps))) result = std::nextafter(result, 0.0F);
  return result;
}

/// Calls `body` with a value of the C++ type that holds one element of the storage type.
template <class Body>
void withStorage(DataType storage, Body body) {
  switch (unpackedType(storage)) {
    case DataType::kUInt8: return body(uint8_t{});
    case DataType::kInt8: return body(int8_t{});
    case DataType::kUInt16: return body(uint16_t{});
    case DataType::kInt16: return body(int16_t{});
    case DataType::kInt32: return body(int32_t{});
    default: throwInternal("{} is not a type to quantize to", toString(storage));
  }
}

}  // namespace

QuantLimits storageLimits(DataType storage) {
  if (storage == DataType::kFloat4E2M1) throwInternal("{} is not a type to quantize to", toString(storage));
  QuantLimits limits{};
  withStorage(storage, [&](auto example) {
    using Limits = std::numeric_limits<decltype(example)>;
    limits = {static_cast<int32_t>(Limits::min()), static_cast<int32_t>(Limits::max())};
  });
  // Each bit less halves both ends: [-128, 127] is [-8, 7] in 4 bits.
  if (!isPacked(storage)) return limits;
  const int spared = 8 - elementBits(storage);
  return {limits.low >> spared, limits.high >> spared};
}

int32_t roundAndSaturate(float value, QuantLimits limits) {
  if (std::isnan(value)) return std::clamp(0, limits.low, limits.high);
  // In double, because int32's largest value is not a float.
  return static_cast<int32_t>(std::clamp<double>(std::nearbyint(static_cast<double>(value)), limits.low, limits.high));
}

QuantParams::QuantParams(DataType storage, float scale, int32_t zero_point)
    : QuantParams(storage, {scale}, {zero_point}, 0) {
  axis_.reset();
}

QuantParams::QuantParams(DataType storage, std::vector<float> scales, std::vector<int32_t> zero_points, int64_t axis)
    : storage_(storage), scales_(std::move(scales)), zero_points_(std::move(zero_points)), axis_(axis) {
  const QuantLimits limits = storageLimits(storage);
  if (scales_.empty() || scales_.size() != zero_points_.size()) {
    throwInternal("{} scales but {} zero points", scales_.size(), zero_points_.size());
  }
  for (size_t i = 0; i < scales_.size(); ++i) {
    if (!std::isfinite(scales_[i]) || scales_[i] <= 0) throwInternal("a quantization scale is {}", scales_[i]);
    if (zero_points_[i] < limits.low || zero_points_[i] > limits.high) {
      throwInternal("zero point {} does not fit {}", zero_points_[i], toString(storage));
    }
  }
}

int32_t QuantParams::quantize(float real, size_t channel) const {
  const QuantLimits limits = storageLimits(storage_);
  const float scaled = real / scales_[channel];
  if (std::isnan(scaled)) return zero_points_[channel];
  // In double, where neither the rounded value nor the sum can overflow.
  const double q = std::nearbyint(static_cast<double>(scaled)) + zero_points_[channel];
  return static_cast<int32_t>(std::clamp<double>(q, limits.low, limits.high));
}

float QuantParams::dequantize(int32_t q, size_t channel) const {
  return scales_[channel] * static_cast<float>(int64_t{q} - zero_points_[channel]);
}

Tensor QuantParams::quantize(const Tensor& real) const {
  Tensor quantized(unpackedType(storage_), real.shape(), real.layout());
  const auto src = real.data<float>();
  withStorage(storage_, [&](auto example) {
    using Storage = decltype(example);
    const auto dst = quantized.data<Storage>();
    forEach(viewAround(real, *this),
            [&](size_t i, size_t channel) { dst[i] = static_cast<Storage>(quantize(src[i], channel)); });
  });
  return isPacked(storage_) ? pack(quantized, storage_) : std::move(quantized);
}

Tensor QuantParams::dequantize(const Tensor& stored) const {
  const Tensor quantized = isPacked(storage_) ? unpack(stored) : stored.alias();
  Tensor real(DataType::kFloat32, quantized.shape(), quantized.layout());
  const auto dst = real.data<float>();
  withStorage(storage_, [&](auto example) {
    const auto src = quantized.data<decltype(example)>();
    forEach(viewAround(quantized, *this),
            [&](size_t i, size_t channel) { dst[i] = dequantize(static_cast<int32_t>(src[i]), channel); });
  });
  return real;
}

Range QuantParams::representable(size_t channel) const {
  const QuantLimits limits = storageLimits(storage_);
  return {dequantize(limits.low, channel), dequantize(limits.high, channel)};
}

QuantParams asymmetricParams(Range range, DataType storage) {
  const QuantLimits limits = storageLimits(storage);
  const double low = std::min(range.low, 0.0F), high = std::max(range.high, 0.0F);
  const double scale = (high - low) / (static_cast<double>(limits.high) - limits.low);
  // A scale under the smallest normal float would divide to infinity: such a range holds nothing but zero.
  if (scale < std::numeric_limits<float>::min()) return {storage, 1.0F, 0};
  const auto zero_point =
      static_cast<int32_t>(std::clamp<double>(std::nearbyint(limits.low - low / scale), limits.low, limits.high));
  return {storage, finiteScale(scale, std::max(limits.high - zero_point, zero_point - limits.low)), zero_point};
}

QuantParams symmetricParams(Range range, DataType storage) {
  const QuantLimits limits = storageLimits(storage);
  if (limits.low == 0 && range.low >= 0) return asymmetricParams(range, storage);
  const int32_t zero_point = limits.low == 0 ? (limits.high + 1) / 2 : 0;
  const int32_t steps = limits.high - zero_point;
  const double scale = static_cast<double>(std::max(std::abs(range.low), std::abs(range.high))) / steps;
  if (scale < std::numeric_limits<float>::min()) return {storage, 1.0F, zero_point};
  return {storage, finiteScale(scale, std::max(steps, zero_point - limits.low)), zero_point};
}

float symmetricWeightScale(float max_abs, DataType storage) {
  const int32_t steps = storageLimits(storage).high;
  const double scale = static_cast<double>(max_abs) / steps;
  return scale < std::numeric_limits<float>::min() ? 1.0F : finiteScale(scale, steps);
}

}  // namespace quant
