#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "graph/clamp.h"
#include "graph/constant_numbers.h"
#include "passes/pass.h"

namespace quant {

namespace {

using Sizes = std::optional<std::vector<int64_t>>;

std::optional<Shape> shapeOfValue(const Graph& graph, const std::string& value) {
  const auto type = graph.valueType(value);
  return type ? type->shape : std::nullopt;
}

std::optional<int64_t> rankOf(const Graph& graph, const std::string& value) {
  const auto shape = shapeOfValue(graph, value);
  return shape ? std::optional<int64_t>(std::ssize(*shape)) : std::nullopt;
}

bool haveSameStaticShape(const Graph& graph, const Node& node) {
  const auto src = graph.valueType(node.input(0)), dst = graph.valueType(node.output());
  return src && dst && src->isStatic() && dst->isStatic() && src->shape == dst->shape;
}

bool haveSameRank(const Graph& graph, const Node& node) {
  const auto src = rankOf(graph, node.input(0)), dst = rankOf(graph, node.output());
  return src && src == dst;
}

bool isRead(const Graph& graph, const std::string& value) {
  return !value.empty() && (graph.isOutput(value) || !graph.consumers(value).empty());
}

// --- one rule for each operator: does it give back its input 0? ----------------------------------------------------

bool always(const Graph&, const Node&) { return true; }

/// Before opset 12 Dropout has no training mode; from then on an input says so.
bool dropout(const Graph& graph, const Node& node) {
  if (isRead(graph, node.output(1))) return false;
  if (!node.hasInput(2)) return true;
  const Tensor* training = graph.constant(node.input(2));
  return training != nullptr && training->type() == DataType::kBool && training->elementCount() == 1 &&
         !training->data<bool>()[0];
}

bool cast(const Graph& graph, const Node& node) {
  const auto type = graph.valueType(node.input(0));
  return type && type->type == static_cast<DataType>(node.attr("to", int64_t{0}));
}

/// Each element of the target is the input's own size, 0 ("copy"), or the one -1 that is left for it.
bool reshape(const Graph& graph, const Node& node) {
  if (haveSameStaticShape(graph, node)) return true;
  const auto src = shapeOfValue(graph, node.input(0));
  const Sizes target = intConstant(graph, node.input(1));
  if (!src || !target || src->size() != target->size()) return false;
  const bool zero_copies = node.attr("allowzero", int64_t{0}) == 0;
  int64_t left_open = 0;
  for (size_t i = 0; i < src->size(); ++i) {
    const int64_t size = (*target)[i];
    if (size == -1) {
      ++left_open;
    } else if (!(size == 0 && zero_copies) && size != (*src)[i]) {
      return false;
    }
  }
  return left_open <= 1;
}

bool flatten(const Graph& graph, const Node& node) {
  const int64_t axis = node.attr("axis", int64_t{1});
  return haveSameStaticShape(graph, node) || (rankOf(graph, node.input(0)) == 2 && (axis == 1 || axis == -1));
}

bool transpose(const Graph& graph, const Node& node) {
  const auto perm = node.attr("perm", std::vector<int64_t>());
  if (perm.empty()) return rankOf(graph, node.input(0)).value_or(2) <= 1;
  for (int64_t i = 0; i < std::ssize(perm); ++i) {
    if (perm[static_cast<size_t>(i)] != i) return false;
  }
  return true;
}

bool hasOneInput(const Graph&, const Node& node) { return node.inputCount() == 1; }

bool pad(const Graph& graph, const Node& node) {
  const Sizes pads = intParameter(graph, node, "pads", 1);
  return pads && std::ranges::all_of(*pads, [](int64_t size) { return size == 0; });
}

/// From the first element (or before) to the last (or beyond) in steps of 1, along every axis that is named.
bool slice(const Graph& graph, const Node& node) {
  const auto shape = shapeOfValue(graph, node.input(0));
  const Sizes starts = intParameter(graph, node, "starts", 1), ends = intParameter(graph, node, "ends", 2);
  Sizes axes = intParameter(graph, node, "axes", 3);
  if (!shape || !starts || !ends || starts->size() != ends->size()) return false;
  if (axes && axes->size() != starts->size()) return false;
  if (!axes) {
    if (node.hasInput(3)) return false;
    axes.emplace();
    for (int64_t i = 0; i < std::ssize(*starts); ++i) axes->push_back(i);
  }
  if (node.hasInput(4) && !isFilledWith(graph, node.input(4), 1)) return false;
  for (size_t i = 0; i < starts->size(); ++i) {
    const int64_t size = (*shape)[static_cast<size_t>(normalizeAxis((*axes)[i], std::ssize(*shape)))];
    const bool reaches_end = (*ends)[i] >= std::numeric_limits<int32_t>::max() || (size >= 0 && (*ends)[i] >= size);
    const bool from_start = (*starts)[i] == 0 || (size >= 0 && (*starts)[i] <= -size);
    if (!from_start || !reaches_end) return false;
  }
  return true;
}

bool isNeutral(const Graph& graph, const Node& node, double number) {
  return isFilledWith(graph, node.input(1), number) && keepsShape(graph, node.input(0), node.input(1));
}

bool addsZero(const Graph& graph, const Node& node) { return isNeutral(graph, node, 0); }
bool multipliesByOne(const Graph& graph, const Node& node) { return isNeutral(graph, node, 1); }

bool clip(const Graph& graph, const Node& node) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  const auto clamp = clampOf(graph, node);
  return clamp && clamp->low <= -kLargest && clamp->high >= kLargest;
}

bool expand(const Graph& graph, const Node& node) {
  if (haveSameStaticShape(graph, node)) return true;
  const Sizes target = intConstant(graph, node.input(1));
  return target && isFilledWith(graph, node.input(1), 1) &&
         std::ssize(*target) <= rankOf(graph, node.input(0)).value_or(0);
}

bool tile(const Graph& graph, const Node& node) { return isFilledWith(graph, node.input(1), 1); }

struct Rule {
  std::string_view op_type;
  bool (*isIdentity)(const Graph& graph, const Node& node);
};

constexpr Rule kRules[] = {
    {"Identity", always},     {"Dropout", dropout},
    {"Cast", cast},           {"Reshape", reshape},
    {"Flatten", flatten},     {"Squeeze", haveSameRank},
    {"Transpose", transpose}, {"Unsqueeze", haveSameRank},
    {"Concat", hasOneInput},  {"Sum", hasOneInput},
    {"Max", hasOneInput},     {"Min", hasOneInput},
    {"Mean", hasOneInput},    {"Pad", pad},
    {"Slice", slice},         {"Add", addsZero},
    {"Sub", addsZero},        {"Mul", multipliesByOne},
    {"Div", multipliesByOne}, {"Pow", multipliesByOne},
    {"Clip", clip},           {"Expand", expand},
    {"Tile", tile},
};

/// 0 + x and 1 * x are written x + 0 and x * 1, so that the rules find the constant on the right.
void moveNeutralRight(Graph& graph, Node& node) {
  if (!node.is("Add") && !node.is("Mul")) return;
  if (!isFilledWith(graph, node.input(0), node.is("Add") ? 0 : 1) || graph.isConstant(node.input(1))) return;
  const std::string constant = node.input(0), value = node.input(1);
  graph.setInput(node, 0, value);
  graph.setInput(node, 1, constant);
}

}  // namespace

//   x -> Identity -> y   becomes   x -> y
int removeIdentity(Graph& graph) {
  int removed = 0;
  for (Node* node : graph.nodes()) {
    const auto rule = std::ranges::find(kRules, node->opType(), &Rule::op_type);
    if (rule == std::end(kRules) || !node->domain().empty()) continue;
    moveNeutralRight(graph, *node);
    if (rule->isIdentity(graph, *node) && graph.bypass(*node)) ++removed;
  }
  return removed;
}

}  // namespace quant
