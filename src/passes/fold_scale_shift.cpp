#include <cmath>
#include <optional>

#include "graph/constant_numbers.h"
#include "passes/linear.h"
#include "passes/pass.h"

namespace quant {

namespace {

struct Match {
  Linear linear;
  ChannelAffine affine;
};

bool isElementwise(const Node& node) { return node.is("Mul") || node.is("Div") || node.is("Add") || node.is("Sub"); }

/// y -> y * scale + shift for one channel; `constant_first` where the constant is the left operand.
struct Step {
  double scale = 1, shift = 0;
};

std::optional<Step> stepOf(const Node& node, double constant, bool constant_first) {
  if (!std::isfinite(constant)) return {};
  if (node.is("Mul")) return Step{constant, 0};
  if (node.is("Add")) return Step{1, constant};
  if (node.is("Sub")) return constant_first ? Step{-1, constant} : Step{1, -constant};
  if (constant_first || constant == 0) return {};
  return Step{1 / constant, 0};
}

std::optional<ChannelAffine> affineOf(const Node& node, const std::vector<double>& constants, bool constant_first) {
  ChannelAffine affine;
  for (const double constant : constants) {
    const auto step = stepOf(node, constant, constant_first);
    if (!step) return {};
    affine.scale.push_back(step->scale);
    affine.shift.push_back(step->shift);
  }
  return affine;
}

/// MatMul + Add is how a MatMul with a bias is written.
bool isBiasOfMatMul(const Node& node, const Linear& linear) {
  return node.is("Add") && linear.node->is("MatMul") && linear.bias_add == nullptr;
}

std::optional<Match> match(Graph& graph, const Node& node) {
  if (!isElementwise(node)) return {};
  const int constant = graph.isConstant(node.input(1)) ? 1 : 0;
  if (!graph.isConstant(node.input(constant))) return {};
  const auto linear = linearBehind(graph, node.input(1 - constant));
  if (!linear || isBiasOfMatMul(node, *linear)) return {};
  const auto constants =
      perChannelConstant(graph, node.input(constant), {linear->rank, linear->from_last, linear->channels});
  const auto affine = constants ? affineOf(node, *constants, constant == 0) : std::nullopt;
  return affine ? std::optional(Match{*linear, *affine}) : std::nullopt;
}

}  // namespace

//   Conv(x, W, b) -> Mul k -> Add s   becomes   Conv(x, W * k, b * k + s)
//
// k and s are numbers or one number for each output channel. Likewise Div and Sub, and after ConvTranspose, Gemm,
// MatMul and MatMul + Add. All arithmetic is in double; the new constants have the weights' type.
int foldScaleShift(Graph& graph) {
  int folded = 0;
  for (Node* node : graph.nodes()) {
    const auto found = match(graph, *node);
    if (found && foldInto(graph, found->linear, found->affine, *node)) ++folded;
  }
  return folded;
}

}  // namespace quant
