#include <algorithm>
#include <limits>
#include <optional>

#include "graph/constant_numbers.h"
#include "passes/pass.h"

namespace quant {

namespace {

/// max(low, min(x, high)), where either side may be open.
struct Bounded {
  std::string value;
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// A Min or Max of a value and one number.
std::optional<Bounded> minOrMax(const Graph& graph, const Node& node) {
  if ((!node.is("Min") && !node.is("Max")) || node.inputCount() != 2) return {};
  const int constant = graph.isConstant(node.input(1)) ? 1 : 0;
  const auto number = realScalar(graph, node.input(constant));
  const std::string& value = node.input(1 - constant);
  if (!number || graph.isConstant(value) || !keepsShape(graph, value, node.input(constant))) return {};
  Bounded result{value};
  (node.is("Min") ? result.high : result.low) = *number;
  return result;
}

/// How `inner` bounds the side that `outer` leaves open.
std::optional<Bounded> boundedBefore(const Graph& graph, const Node& inner, const Node& outer) {
  if (inner.opType() == outer.opType()) return {};
  if (inner.is("Relu") && outer.is("Min")) return Bounded{inner.input(0), 0};
  return minOrMax(graph, inner);
}

struct Match {
  Bounded bounded;
  DataType type;
};

/// The outer Min or Max with what bounds the other side before it, when nothing else reads what is between.
std::optional<Match> match(const Graph& graph, const Node& outer) {
  const auto bounded = minOrMax(graph, outer);
  const auto type = bounded ? graph.valueType(bounded->value) : std::nullopt;
  if (!type || !isFloatingPoint(type->type)) return {};
  const Node* inner = graph.hasSingleUse(bounded->value) ? graph.producer(bounded->value) : nullptr;
  const auto before = inner != nullptr ? boundedBefore(graph, *inner, outer) : std::nullopt;
  if (!before) return {};
  Bounded both{before->value, std::max(before->low, bounded->low), std::min(before->high, bounded->high)};
  return both.low <= both.high ? std::optional(Match{both, type->type}) : std::nullopt;
}

/// Before opset 11 the bounds are attributes.
bool replace(Graph& graph, Node& node, const Match& found) {
  auto low = realTensor(found.type, {}, std::vector{found.bounded.low});
  auto high = realTensor(found.type, {}, std::vector{found.bounded.high});
  if (!low || !high) return false;
  auto proto = makeNode("Clip", {found.bounded.value}, {node.output()}, node.name());
  const std::string base = node.output();
  graph.removeNode(node);
  Node& clip = graph.addNode(std::move(proto));
  if (graph.opset() < 11) {
    clip.setAttr("min", static_cast<float>(found.bounded.low));
    clip.setAttr("max", static_cast<float>(found.bounded.high));
    return true;
  }
  graph.setInput(clip, 1, graph.addConstant(base + "_min", std::move(*low)));
  graph.setInput(clip, 2, graph.addConstant(base + "_max", std::move(*high)));
  return true;
}

}  // namespace

//   x -> Max(., 0) -> Min(., 6)   becomes   Clip(x, 0, 6)
//   x -> Relu -> Min(., 6)        becomes   Clip(x, 0, 6)
//
// An activation that int8 kernels fuse, where Min and Max would run in float. Either order, if low <= high.
int replaceClip(Graph& graph) {
  int replaced = 0;
  for (Node* node : graph.nodes()) {
    const auto found = match(graph, *node);
    if (found && replace(graph, *node, *found)) ++replaced;
  }
  return replaced;
}

}  // namespace quant
