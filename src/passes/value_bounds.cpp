#include "passes/value_bounds.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string_view>

#include "graph/clamp.h"

namespace quant {

namespace {

constexpr double kNone = -std::numeric_limits<double>::infinity();

/// Results of these are 0 or more, whatever they read.
constexpr std::string_view kNonNegative[] = {"Sigmoid", "HardSigmoid", "Softmax", "Exp", "Abs", "Softplus", "Sqrt"};

/// Each element of these is an element of the input.
constexpr std::string_view kSelecting[] = {"MaxPool",       "Identity",     "Transpose",   "Reshape",
                                           "Flatten",       "Squeeze",      "Unsqueeze",   "Slice",
                                           "GlobalMaxPool", "DepthToSpace", "SpaceToDepth"};

/// Chains are followed so far: bounds stand close to where they are asked for.
constexpr int kMaxDepth = 16;

bool contains(std::span<const std::string_view> list, const std::string& op_type) {
  return std::ranges::find(list, op_type) != list.end();
}

double boundOf(const Graph& graph, const std::string& value, int depth);

/// The lowest bound of a node's inputs.
double boundOfInputs(const Graph& graph, const Node& node, int depth) {
  double bound = std::numeric_limits<double>::infinity();
  for (const auto& input : node.proto().input()) bound = std::min(bound, boundOf(graph, input, depth));
  return bound;
}

double boundOf(const Graph& graph, const std::string& value, int depth) {
  const Node* node = graph.producer(value);
  if (node == nullptr || !node->domain().empty() || node->output() != value || depth >= kMaxDepth) return kNone;
  if (contains(kNonNegative, node->opType())) return 0;
  // Where the bounds of a Clip cross, it gives the upper one.
  if (const auto clamp = clampOf(graph, *node)) return std::min(clamp->low, clamp->high);
  if (contains(kSelecting, node->opType())) return boundOf(graph, node->input(0), depth + 1);
  if (node->is("Concat")) return boundOfInputs(graph, *node, depth + 1);
  if (node->is("Add") && boundOfInputs(graph, *node, depth + 1) >= 0) return 0;
  return kNone;
}

}  // namespace

double lowerBound(const Graph& graph, const std::string& value) { return boundOf(graph, value, 0); }

}  // namespace quant
