#include <cmath>
#include <optional>

#include "graph/clamp.h"
#include "graph/constant_numbers.h"
#include "passes/pass.h"

namespace quant {

namespace {

bool isNear(double a, double b) { return std::abs(a - b) <= 1e-6 * std::abs(b); }

/// The other operand of a node `op_type` with two inputs, one of which is the constant `number`.
std::optional<std::string> operandBeside(const Graph& graph, const Node* node, std::string_view op_type,
                                         double number) {
  if (node == nullptr || !node->is(op_type)) return {};
  for (const int constant : {1, 0}) {
    const std::string& value = node->input(1 - constant);
    const auto found = realScalar(graph, node->input(constant));
    if (!found || !isNear(*found, number) || !keepsShape(graph, value, node->input(constant))) continue;
    return value;
  }
  return {};
}

/// The producer of `value` when nothing else reads it.
const Node* soleProducer(const Graph& graph, const std::string& value) {
  return graph.hasSingleUse(value) ? graph.producer(value) : nullptr;
}

/// x of clip(x + 3, 0, 6), when `clip` is the end of that.
std::optional<std::string> clippedValue(const Graph& graph, const Node* clip) {
  const auto clamp = clip != nullptr ? clampOf(graph, *clip) : std::nullopt;
  if (!clamp || clamp->low != 0 || clamp->high != 6) return {};
  return operandBeside(graph, soleProducer(graph, clip->input(0)), "Add", 3);
}

/// The dividend of a division by 6, however it is written.
std::optional<std::string> dividedBySix(const Graph& graph, const Node& node) {
  if (node.is("Div") && graph.isConstant(node.input(0))) return {};
  auto dividend = operandBeside(graph, &node, "Div", 6);
  return dividend ? dividend : operandBeside(graph, &node, "Mul", 1.0 / 6);
}

/// The value y with y * `factor(y)`: `factor` finds y from the producer of the other operand.
template <class Factor>
std::optional<std::string> squareLike(const Graph& graph, const Node* mul, const Factor& factor) {
  if (mul == nullptr || !mul->is("Mul")) return {};
  for (const int side : {0, 1}) {
    std::optional<std::string> x = factor(soleProducer(graph, mul->input(side)));
    if (x && *x == mul->input(1 - side)) return x;
  }
  return {};
}

bool isHardSigmoidOfSwish(const Node* node) {
  return node != nullptr && node->is("HardSigmoid") && isNear(node->attr("alpha", 0.2F), 1.0 / 6) &&
         isNear(node->attr("beta", 0.5F), 0.5);
}

/// x of clip(x + 3, 0, 6) / 6.
std::optional<std::string> hardSigmoidOf(const Graph& graph, const Node& node) {
  const auto clipped = dividedBySix(graph, node);
  return clipped ? clippedValue(graph, soleProducer(graph, *clipped)) : std::nullopt;
}

/// x of x * HardSigmoid(x), or of (x * clip(x + 3, 0, 6)) / 6.
std::optional<std::string> hardSwishOf(const Graph& graph, const Node& node) {
  auto x = squareLike(graph, &node, [](const Node* factor) {
    return isHardSigmoidOfSwish(factor) ? std::optional(factor->input(0)) : std::nullopt;
  });
  if (x) return x;
  const auto product = dividedBySix(graph, node);
  if (!product) return {};
  return squareLike(graph, soleProducer(graph, *product),
                    [&](const Node* factor) { return clippedValue(graph, factor); });
}

Node& replace(Graph& graph, Node& node, std::string_view op_type, const std::string& value) {
  auto proto = makeNode(op_type, {value}, {node.output()}, node.name());
  graph.removeNode(node);
  return graph.addNode(std::move(proto));
}

constexpr int64_t kHardSwishSince = 14;

}  // namespace

//   x -> Add 3 -> Clip(0, 6) -> Div 6 -> y            becomes   x -> HardSigmoid(1/6, 0.5) -> y
//   x -> HardSigmoid(1/6, 0.5) -> Mul x -> y           becomes   x -> HardSwish -> y
//   x -> Add 3 -> Clip(0, 6) -> Mul x -> Div 6 -> y   becomes   x -> HardSwish -> y
//
// One operator that kernels fuse, and one range to calibrate instead of four. HardSwish came with opset 14.
int replaceHardSwish(Graph& graph) {
  int replaced = 0;
  for (Node* node : graph.nodes()) {
    if (const auto x = hardSigmoidOf(graph, *node)) {
      Node& added = replace(graph, *node, "HardSigmoid", *x);
      added.setAttr("alpha", 1.0F / 6);
      added.setAttr("beta", 0.5F);
      ++replaced;
    } else if (const auto y = graph.opset() >= kHardSwishSince ? hardSwishOf(graph, *node) : std::nullopt) {
      replace(graph, *node, "HardSwish", *y);
      ++replaced;
    }
  }
  return replaced;
}

}  // namespace quant
