#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "core/error.h"
#include "graph/graph.h"

namespace quant {

void Graph::verify() const {
  std::unordered_set<std::string> given;
  for (const auto& info : rest_.graph().input()) given.insert(info.name());
  for (const auto& sparse : rest_.graph().sparse_initializer()) given.insert(sparse.values().name());
  const auto isDefined = [&](const std::string& value) {
    return given.contains(value) || constants_.contains(value) || producers_.contains(value);
  };
  for (const Node* node : sorted()) {
    for (const auto& value : node->proto_.output()) {
      if (!given.contains(value)) continue;
      throwBadInput("node '{}' ({}) produces '{}', which is also an input of the graph", node->label(), node->opType(),
                    value);
    }
    for (const auto& value : node->proto_.input()) {
      if (value.empty() || isDefined(value)) continue;
      throwBadInput("node '{}' ({}) reads '{}', which nothing produces", node->label(), node->opType(), value);
    }
    for (const auto& value : node->captures_) {
      if (isDefined(value)) continue;
      throwBadInput("a subgraph of node '{}' ({}) reads '{}', which nothing produces", node->label(), node->opType(),
                    value);
    }
  }
  for (const auto& info : rest_.graph().output()) {
    if (!isDefined(info.name())) throwBadInput("nothing produces the graph's output '{}'", info.name());
  }
}

std::string dump(const Graph& graph) {
  std::string text;
  for (const Node* node : graph.nodes()) {
    const auto& proto = node->proto();
    text +=
        fmt::format("{} = {}({})\n", fmt::join(proto.output(), ", "), node->opType(), fmt::join(proto.input(), ", "));
  }
  return text;
}

}  // namespace quant
