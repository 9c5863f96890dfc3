#include <optional>

#include "passes/linear.h"
#include "passes/pass.h"

namespace quant {

namespace {

struct Match {
  Linear linear;
  ChannelAffine affine;
};

/// BatchNormalization's channels lie along axis 1.
bool hasSameChannels(const Linear& linear, const ChannelAffine& affine) {
  return linear.rank - 1 - linear.from_last == 1 && linear.channels == std::ssize(affine.scale);
}

std::optional<Match> match(Graph& graph, const Node& node) {
  if (!node.is("BatchNormalization")) return {};
  const auto linear = linearBehind(graph, node.input(0));
  const auto affine = linear ? affineOf(graph, node) : std::nullopt;
  if (!affine || !hasSameChannels(*linear, *affine)) return {};
  return Match{*linear, *affine};
}

}  // namespace

// Conv -> BatchNormalization   becomes   Conv with
//   k  = gamma / sqrt(variance + epsilon)      (one value for each output channel)
//   W' = W * k                    b' = (b - mean) * k + beta
//
// Likewise after ConvTranspose, Gemm, MatMul and MatMul + Add; MatMul gets an Add for the bias where it has none. W'
// and b' are new constants: another Conv may read the old ones.
int foldBatchNorm(Graph& graph) {
  int folded = 0;
  for (Node* node : graph.nodes()) {
    const auto found = match(graph, *node);
    if (found && foldInto(graph, found->linear, found->affine, *node)) ++folded;
  }
  return folded;
}

}  // namespace quant
