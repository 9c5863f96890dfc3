#include "quantizer/selection.h"

#include <fnmatch.h>

#include <algorithm>

#include "core/edit_distance.h"
#include "core/error.h"
#include "graph/subgraphs.h"
#include "quantizer/placement.h"

namespace quant {

namespace {

bool matches(const std::string& pattern, const std::string& name) {
  return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

const std::string* firstMatch(const std::vector<std::string>& patterns, const std::string& name) {
  const auto found = std::ranges::find_if(patterns, [&](const auto& pattern) { return matches(pattern, name); });
  return found == patterns.end() ? nullptr : &*found;
}

/// Visits `node` and those in its bodies.
template <class Visit>
void forEachNodeIn(const onnx::NodeProto& node, const Visit& visit) {
  visit(node);
  forEachSubgraph(node, [&](const onnx::GraphProto& body) {
    for (const auto& inner : body.node()) forEachNodeIn(inner, visit);
  });
}

template <class NameOf>
void requireMatches(const Graph& graph, const std::vector<std::string>& patterns, std::string_view option,
                    std::string_view what, NameOf name_of) {
  for (const auto& pattern : patterns) {
    std::string nearest;
    bool found = false;
    const auto look = [&](const onnx::NodeProto& node) {
      const std::string& name = name_of(node);
      found = found || matches(pattern, name);
      if (nearest.empty() || editDistance(pattern, name) < editDistance(pattern, nearest)) nearest = name;
    };
    for (const Node* node : graph.nodes()) forEachNodeIn(node->proto(), look);
    if (!found)
      throwBadInput("{} '{}' matches no {} of the model; the nearest is '{}'", option, pattern, what, nearest);
  }
}

void requireAllMatch(const Graph& graph, const NodeSelection& wanted) {
  const auto name = [](const onnx::NodeProto& node) -> const std::string& { return node.name(); };
  const auto op_type = [](const onnx::NodeProto& node) -> const std::string& { return node.op_type(); };
  requireMatches(graph, wanted.include_nodes, "--include-node", "node", name);
  requireMatches(graph, wanted.exclude_nodes, "--exclude-node", "node", name);
  requireMatches(graph, wanted.include_ops, "--op", "operator", op_type);
  requireMatches(graph, wanted.exclude_ops, "--exclude-op", "operator", op_type);
}

}  // namespace

bool hasWeights(const Node& node) {
  return node.is("Conv") || node.is("ConvTranspose") || node.is("Gemm") || node.is("MatMul");
}

Selection::Selection(const Graph& graph, const NodeSelection& wanted) : wanted_(wanted) {
  if (!wanted.in_body) requireAllMatch(graph, wanted);

  std::vector<const Node*> weighted;
  for (const Node* node : graph.nodes()) {
    if (hasWeights(*node)) weighted.push_back(node);
  }
  const auto count = [&](int n) { return std::min(static_cast<size_t>(std::max(n, 0)), weighted.size()); };
  first_.insert(weighted.begin(), weighted.begin() + static_cast<ptrdiff_t>(count(wanted.exclude_first)));
  last_.insert(weighted.end() - static_cast<ptrdiff_t>(count(wanted.exclude_last)), weighted.end());
}

std::optional<std::string> Selection::excludes(const Node& node) const {
  const std::string& output = keyOf(node);
  if (const auto kept = wanted_.kept_float.find(output); kept != wanted_.kept_float.end()) return kept->second;
  if (!wanted_.only.empty() && !wanted_.only.contains(output)) return "not looked at";
  if (const auto* pattern = firstMatch(wanted_.exclude_nodes, node.name())) {
    return fmt::format("excluded by --exclude-node '{}'", *pattern);
  }
  if (const auto* pattern = firstMatch(wanted_.exclude_ops, node.opType())) {
    return fmt::format("excluded by --exclude-op '{}'", *pattern);
  }
  if (first_.contains(&node)) return fmt::format("excluded by --exclude-first {}", wanted_.exclude_first);
  if (last_.contains(&node)) return fmt::format("excluded by --exclude-last {}", wanted_.exclude_last);
  if (!wanted_.include_nodes.empty() && firstMatch(wanted_.include_nodes, node.name()) == nullptr) {
    return "not named by --include-node";
  }
  if (!wanted_.include_ops.empty() && firstMatch(wanted_.include_ops, node.opType()) == nullptr) {
    return "not named by --op";
  }
  return {};
}

}  // namespace quant
