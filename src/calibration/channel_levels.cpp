#include "calibration/channel_levels.h"

#include <algorithm>
#include <functional>

#include "core/error.h"
#include "core/shape.h"

namespace quant {

std::vector<float> reciprocals(const std::vector<float>& levels) {
  std::vector<float> factors(levels.size());
  std::ranges::transform(levels, factors.begin(), [](float level) { return 1 / level; });
  return factors;
}

Tensor multiplyChannels(const Tensor& tensor, const std::vector<float>& factors) {
  if (tensor.rank() == 0 || tensor.shape().back() != static_cast<int64_t>(factors.size())) {
    throwBadInput("there are levels for {} channels, but the last axis of {} has another size", factors.size(),
                  toString(tensor.shape()));
  }
  Tensor result(DataType::kFloat32, tensor.shape());
  const auto from = tensor.data<float>();
  const auto to = result.data<float>();
  for (size_t at = 0; at < from.size(); at += factors.size()) {
    std::ranges::transform(from.subspan(at, factors.size()), factors, to.subspan(at).begin(), std::multiplies<>());
  }
  return result;
}

}  // namespace quant
