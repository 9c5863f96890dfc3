#include <cmath>
#include <optional>

#include "passes/constants.h"
#include "passes/linear.h"
#include "passes/pass.h"

namespace quant {

namespace {

struct Match {
  Linear linear;
  ChannelAffine affine;
};

bool isTraining(const Node& batch_norm) {
  for (int i = 1; i < batch_norm.outputCount(); ++i) {
    if (!batch_norm.output(i).empty()) return true;  // how opsets before 14 ask for it
  }
  return batch_norm.attr("training_mode", int64_t{0}) != 0 || batch_norm.attr("spatial", int64_t{1}) == 0;
}

std::optional<ChannelAffine> affineOf(const Graph& graph, const Node& batch_norm) {
  const auto gamma = realConstant(graph, batch_norm.input(1)), beta = realConstant(graph, batch_norm.input(2));
  const auto mean = realConstant(graph, batch_norm.input(3)), variance = realConstant(graph, batch_norm.input(4));
  if (!gamma || !beta || !mean || !variance) return {};
  const size_t channels = gamma->size();
  if (beta->size() != channels || mean->size() != channels || variance->size() != channels) return {};
  const double epsilon = batch_norm.attr("epsilon", 1e-5F);
  ChannelAffine affine;
  for (size_t c = 0; c < channels; ++c) {
    const double scale = (*gamma)[c] / std::sqrt((*variance)[c] + epsilon);
    if (!std::isfinite(scale)) return {};
    affine.scale.push_back(scale);
    affine.shift.push_back((*beta)[c] - (*mean)[c] * scale);
  }
  return affine;
}

/// BatchNormalization's channels lie along axis 1.
bool hasSameChannels(const Linear& linear, const ChannelAffine& affine) {
  return linear.rank - 1 - linear.from_last == 1 && linear.channels == std::ssize(affine.scale);
}

std::optional<Match> match(Graph& graph, const Node& node) {
  if (!node.is("BatchNormalization") || isTraining(node)) return {};
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
