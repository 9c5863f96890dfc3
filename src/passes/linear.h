#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "graph/channel_affine.h"
#include "graph/graph.h"

namespace quant {

/// An operator whose output channels are sums of products with constant weights, so that a ChannelAffine after it can
/// be moved into its weights and bias: Conv, ConvTranspose, Gemm, MatMul, and MatMul with the Add of a bias after it.
struct Linear {
  Node* node = nullptr;
  Node* bias_add = nullptr;  ///< the Add after a MatMul that holds its bias
  int64_t channels = 0;
  int64_t rank = -1;      ///< of the output; -1 when unknown
  int64_t from_last = 0;  ///< the output's channel axis, counted from the last
  DataType type = DataType::kUndefined;
  std::vector<double> bias = {};  ///< one for each channel; empty when there is none

  /// Weight element i belongs to the channel (i / group) * group_channels + (i / inner) % group_channels.
  int64_t inner = 1, group = 1, group_channels = 1;
};

/// The Linear that computes `value`, when its weights are constants and nothing else reads `value` or what is between
/// the parts.
std::optional<Linear> linearBehind(Graph& graph, const std::string& value);

/// Moves `affine`, which `node` applies to the output of `linear`, into new weights and a new bias, and removes `node`.
/// False, and nothing is changed, when a new weight does not fit its type.
bool foldInto(Graph& graph, const Linear& linear, const ChannelAffine& affine, Node& node);

}  // namespace quant
