#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace quant {

/// By value: what its channels, which lie along its last axis, are divided by before it is quantized.
using ChannelLevels = std::map<std::string, std::vector<float>>;

/// The factors that divide by `levels`.
std::vector<float> reciprocals(const std::vector<float>& levels);

/// `tensor` (float32, [..., channels]) with channel c times factors[c]. Throws (bad input) for another number of
/// channels.
Tensor multiplyChannels(const Tensor& tensor, const std::vector<float>& factors);

}  // namespace quant
