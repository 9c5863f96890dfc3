#include <optional>

#include "passes/pass.h"
#include "passes/size_values.h"

namespace quant {

namespace {

/// Element `i` of a Reshape's target as a constant: a number stays, the input's own size along axis i is 0 ("copy"),
/// anything else is the one -1 ("what is left").
int64_t constantElement(const Graph& graph, const Node& reshape, const SizeValue& element, int64_t i) {
  if (element.number) return *element.number;
  const bool is_copy = !element.name.empty() && element.name == graph.sizeName(reshape.input(0), i);
  return is_copy ? 0 : -1;
}

std::optional<Shape> match(const Graph& graph, const Node& reshape, const SizeVector& target) {
  if (target.is_scalar || reshape.attr("allowzero", int64_t{0}) != 0) return {};
  Shape shape;
  int left_open = 0;
  for (int64_t i = 0; i < std::ssize(target.elements); ++i) {
    shape.push_back(constantElement(graph, reshape, target.elements[static_cast<size_t>(i)], i));
    left_open += shape.back() == -1 ? 1 : 0;
  }
  return left_open <= 1 ? std::optional(shape) : std::nullopt;
}

}  // namespace

//   x [batch,1280,1,1] -> Reshape(., Concat(Shape(x)[0], -1))   becomes   Reshape(x, [0,-1])
//
// Two sizes are the same when shape inference gives them the same name. Sizes that only a run can tell are taken to be
// 1 or more: an empty batch leaves a -1 without a meaning.
int simplifyReshapes(Graph& graph) {
  const auto sizes = propagateSizes(graph);
  int simplified = 0;
  for (Node* node : graph.nodes()) {
    const auto target = node->is("Reshape") ? sizes.find(node->input(1)) : sizes.end();
    if (target == sizes.end()) continue;
    const auto shape = match(graph, *node, target->second);
    if (!shape) continue;
    graph.setInput(*node, 1,
                   graph.addConstant(node->input(1) + "_constant", Tensor::of<int64_t>({std::ssize(*shape)}, *shape)));
    ++simplified;
  }
  return simplified;
}

}  // namespace quant
