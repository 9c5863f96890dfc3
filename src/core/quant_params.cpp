#include "core/quant_params.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"

namespace quant {

namespace {

/// How a tensor falls apart around the quantization axis: [outer, channels, inner].
struct AxisView {
  size_t outer = 1, channels = 1, inner = 1;
};

AxisView viewAround(const Shape& shape, const QuantParams& params) {
  AxisView view;
  if (!params.axis()) {
    view.inner = static_cast<size_t>(elementCount(shape));
    return view;
  }
  const auto axis = static_cast<size_t>(normalizeAxis(*params.axis(), static_cast<int64_t>(shape.size())));
  for (size_t i = 0; i < shape.size(); ++i) {
    (i < axis ? view.outer : i == axis ? view.channels : view.inner) *= static_cast<size_t>(shape[i]);
  }
  if (view.channels != params.scales().size()) {
    throwInternal("{} scales for axis {} of a tensor of shape {}", params.scales().size(), axis, toString(shape));
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

/// Calls `body` with a value of the storage type's C++ type.
template <class Body>
void withStorage(DataType storage, Body body) {
  switch (storage) {
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
  QuantLimits limits{};
  withStorage(storage, [&](auto example) {
    using Limits = std::numeric_limits<decltype(example)>;
    limits = {static_cast<int32_t>(Limits::min()), static_cast<int32_t>(Limits::max())};
  });
  return limits;
}

int32_t roundAndSaturate(float value, QuantLimits limits) {
  if (std::isnan(value)) return std::clamp(0, limits.low, limits.high);
  // In double, because int32's largest value is not a float.
  const double rounded = std::nearbyint(static_cast<double>(value));
  return static_cast<int32_t>(
      std::clamp(rounded, static_cast<double>(limits.low), static_cast<double>(limits.high)));
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
  const int32_t zero_point = zero_points_[channel];
  const int32_t q = roundAndSaturate(real / scales_[channel],
                                     {limits.low - std::max(zero_point, 0), limits.high - std::min(zero_point, 0)});
  return std::clamp(q + zero_point, limits.low, limits.high);
}

float QuantParams::dequantize(int32_t q, size_t channel) const {
  return scales_[channel] * static_cast<float>(q - zero_points_[channel]);
}

Tensor QuantParams::quantize(const Tensor& real) const {
  Tensor quantized(storage_, real.shape(), real.layout());
  const auto src = real.data<float>();
  withStorage(storage_, [&](auto example) {
    using Storage = decltype(example);
    const auto dst = quantized.data<Storage>();
    forEach(viewAround(real.shape(), *this),
            [&](size_t i, size_t channel) { dst[i] = static_cast<Storage>(quantize(src[i], channel)); });
  });
  return quantized;
}

Tensor QuantParams::dequantize(const Tensor& quantized) const {
  Tensor real(DataType::kFloat32, quantized.shape(), quantized.layout());
  const auto dst = real.data<float>();
  withStorage(storage_, [&](auto example) {
    const auto src = quantized.data<decltype(example)>();
    forEach(viewAround(quantized.shape(), *this),
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
  const double zero_point = std::nearbyint(limits.low - low / scale);
  return {storage, static_cast<float>(scale),
          static_cast<int32_t>(std::clamp<double>(zero_point, limits.low, limits.high))};
}

QuantParams symmetricParams(Range range, DataType storage) {
  const QuantLimits limits = storageLimits(storage);
  if (limits.low == 0 && range.low >= 0) return asymmetricParams(range, storage);
  const int32_t zero_point = limits.low == 0 ? (limits.high + 1) / 2 : 0;
  const int32_t steps = limits.high - zero_point;
  const double scale = static_cast<double>(std::max(std::abs(range.low), std::abs(range.high))) / steps;
  if (scale < std::numeric_limits<float>::min()) return {storage, 1.0F, zero_point};
  return {storage, static_cast<float>(scale), zero_point};
}

float symmetricWeightScale(float max_abs, DataType storage) {
  const double scale = static_cast<double>(max_abs) / storageLimits(storage).high;
  return scale < std::numeric_limits<float>::min() ? 1.0F : static_cast<float>(scale);
}

}  // namespace quant
