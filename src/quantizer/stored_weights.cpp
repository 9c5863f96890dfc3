#include "quantizer/stored_weights.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "core/packed.h"

namespace quant {

namespace {

/// Bytes of a mapped weight tensor that may be in memory at a time.
constexpr size_t kStripeBytes = size_t{256} << 20;

/// A weight tensor as lanes: weight m of lane l stands at starts[l] + steps[m]. The weights of a lane share a scale, or
/// fall into blocks that do.
struct Lanes {
  std::vector<size_t> starts, steps;
  size_t block = 0;
  std::vector<size_t> scale_starts;  // scale b of lane l stands at scale_starts[l] + b * scale_step
  size_t scale_step = 0;
};

Lanes lanesOf(const Shape& shape, const WeightStorage& storage) {
  const auto axis = static_cast<size_t>(storage.axis);
  size_t outer = 1, inner = 1;
  const auto size = static_cast<size_t>(shape[axis]);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i != axis) (i < axis ? outer : inner) *= static_cast<size_t>(shape[i]);
  }
  Lanes lanes;
  if (storage.block == 0) {
    for (size_t c = 0; c < size; ++c) lanes.starts.push_back(c * inner);
    for (size_t m = 0; m < outer * inner; ++m) lanes.steps.push_back(m / inner * size * inner + m % inner);
    lanes.block = lanes.steps.size();
    for (size_t c = 0; c < size; ++c) lanes.scale_starts.push_back(c);
    return lanes;
  }
  lanes.block = static_cast<size_t>(storage.block);
  const size_t blocks = (size + lanes.block - 1) / lanes.block;
  lanes.scale_step = inner;
  for (size_t o = 0; o < outer; ++o) {
    for (size_t i = 0; i < inner; ++i) {
      lanes.starts.push_back(o * size * inner + i);
      lanes.scale_starts.push_back(o * blocks * inner + i);
    }
  }
  for (size_t k = 0; k < size; ++k) lanes.steps.push_back(k * inner);
  return lanes;
}

WeightGrid gridOf(const WeightStorage& storage, DataType weights) {
  WeightGrid grid;
  grid.scale_type = weights;
  grid.negative_scales = storage.negative_scales;
  if (storage.type == DataType::kInt8) return grid;  // narrow: -127 to 127
  grid.zero_points = storage.type == DataType::kUInt4 && storage.zero_points;
  grid.low = grid.zero_points ? 0 : -8;
  grid.high = grid.zero_points ? 15 : 7;
  return grid;
}

/// Codes kLanes neighbouring lanes at a time. Each thread has one.
template <class Real>
class LaneCoder {
 public:
  LaneCoder(std::span<const Real> weights, const Lanes& lanes, const WeightGrid& grid, ErrorFeedback* feedback,
            CodedWeights& coded)
      : weights_(weights), lanes_(lanes), grid_(grid), feedback_(feedback), coded_(coded) {
    const size_t count = lanes.steps.size();
    values_.resize(count * kLanes);
    integers_.resize(count * kLanes);
    params_.resize((count + lanes.block - 1) / std::max<size_t>(lanes.block, 1));
  }

  void code(size_t first) {
    const size_t lanes = std::min(kLanes, lanes_.starts.size() - first), count = lanes_.steps.size();
    for (size_t l = 0; l < kLanes; ++l) {
      const Real* const lane = weights_.data() + lanes_.starts[first + std::min(l, lanes - 1)];
      for (size_t m = 0; m < count; ++m) values_[m * kLanes + l] = static_cast<float>(lane[lanes_.steps[m]]);
    }
    encode();
    for (size_t l = 0; l < lanes; ++l) {
      int8_t* const lane = coded_.integers.data() + lanes_.starts[first + l];
      for (size_t m = 0; m < count; ++m) lane[lanes_.steps[m]] = integers_[m * kLanes + l];
      for (size_t b = 0; b < params_.size(); ++b) {
        const size_t at = lanes_.scale_starts[first + l] + b * lanes_.scale_step;
        coded_.scales[at] = params_[b].scale[l];
        coded_.zeros[at] = static_cast<int8_t>(params_[b].zero[l]);
      }
    }
  }

 private:
  void encode() {
    const size_t count = lanes_.steps.size();
    if (feedback_ != nullptr && feedback_->canFeedBack()) {
      return feedback_->encode(values_.data(), lanes_.block, grid_, params_.data(), integers_.data());
    }
    const float* const importance = feedback_ == nullptr ? nullptr : feedback_->importance().data();
    for (size_t begin = 0, b = 0; begin < count; begin += lanes_.block, ++b) {
      const float* const values = values_.data() + begin * kLanes;
      const size_t length = std::min(lanes_.block, count - begin);
      params_[b] = searchLaneParams(values, length, importance == nullptr ? nullptr : importance + begin, grid_);
      encodeLanes(values, length, params_[b], grid_, integers_.data() + begin * kLanes);
    }
  }

  std::span<const Real> weights_;
  const Lanes& lanes_;
  const WeightGrid& grid_;
  ErrorFeedback* feedback_;
  CodedWeights& coded_;
  std::vector<float> values_;
  std::vector<int8_t> integers_;
  std::vector<LaneParams> params_;
};

template <class Real>
void codeAll(const Tensor& tensor, const Lanes& lanes, const WeightGrid& grid, ErrorFeedback* feedback,
             CodedWeights& coded) {
  const auto weights = tensor.data<Real>();
  const size_t groups = (lanes.starts.size() + kLanes - 1) / kLanes;
  const size_t stripe = std::max<size_t>(1, kStripeBytes / (lanes.steps.size() * kLanes * sizeof(Real)));
  for (size_t begin = 0; begin < groups; begin += stripe) {
    const size_t end = std::min(begin + stripe, groups);
#pragma omp parallel
    {
      LaneCoder<Real> coder(weights, lanes, grid, feedback, coded);
#pragma omp for schedule(dynamic)
      for (size_t group = begin; group < end; ++group) coder.code(group * kLanes);
    }
    releasePages(std::as_bytes(weights));
  }
}

}  // namespace

std::string WeightStorage::describe() const {
  const std::string_view name = type == DataType::kInt8 ? "int8" : zero_points ? "uint4" : "int4";
  if (block == 0) return fmt::format("{}, a scale for each index of axis {}", name, axis);
  return fmt::format("{}, a scale{} for {} along axis {}", name, zero_points ? " and zero point" : "", block, axis);
}

Shape scalesShape(const Shape& weights, const WeightStorage& storage) {
  const auto axis = static_cast<size_t>(storage.axis);
  if (storage.block == 0) return {weights[axis]};
  Shape shape = weights;
  shape[axis] = (shape[axis] + storage.block - 1) / storage.block;
  return shape;
}

CodedWeights codeWeights(const Tensor& weights, const WeightStorage& storage, ErrorFeedback* feedback) {
  CodedWeights coded{weights.shape(), scalesShape(weights.shape(), storage), {}, {}, {}};
  const auto scales = static_cast<size_t>(elementCount(coded.scales_shape));
  coded.integers.resize(static_cast<size_t>(weights.elementCount()));
  coded.scales.resize(scales);
  coded.zeros.resize(scales);
  const Lanes lanes = lanesOf(weights.shape(), storage);
  const WeightGrid grid = gridOf(storage, weights.type());
  if (feedback != nullptr && feedback->channels() != lanes.steps.size()) feedback = nullptr;
  if (weights.type() == DataType::kFloat16) {
    codeAll<Float16>(weights, lanes, grid, feedback, coded);
  } else {
    codeAll<float>(weights, lanes, grid, feedback, coded);
  }
  if (storage.type != DataType::kUInt4 || storage.zero_points) return coded;
  for (int8_t& integer : coded.integers) integer = static_cast<int8_t>(integer + 8);
  std::ranges::fill(coded.zeros, int8_t{8});
  return coded;
}

Tensor storedTensor(const Shape& shape, DataType type, const std::vector<int8_t>& integers) {
  Tensor bytes(unpackedType(type), shape);
  std::memcpy(bytes.bytes(), integers.data(), integers.size());
  return isPacked(type) ? pack(bytes, type) : std::move(bytes);
}

Tensor scalesTensor(const CodedWeights& coded, DataType type) {
  if (type != DataType::kFloat16) return Tensor::of<float>(coded.scales_shape, std::span<const float>(coded.scales));
  Tensor tensor(type, coded.scales_shape);
  std::ranges::transform(coded.scales, tensor.data<Float16>().begin(), [](float scale) { return Float16(scale); });
  return tensor;
}

}  // namespace quant
