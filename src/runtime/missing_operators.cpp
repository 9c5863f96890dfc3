#include "runtime/missing_operators.h"

namespace quant {

void MissingOperators::add(const Node& node, int64_t opset) {
  const std::string_view domain = node.domain();
  const std::string op = fmt::format("{}{}{}-{}", domain, domain.empty() ? "" : ".", node.opType(), opset);
  nodes_[op].push_back(fmt::format("node '{}'", node.label()));
}

void MissingOperators::add(const MissingOperators& others) {
  for (const auto& [op, nodes] : others.nodes_) nodes_[op].insert(nodes_[op].end(), nodes.begin(), nodes.end());
}

void MissingOperators::addBody(const MissingOperators& body, const Node& owner) {
  for (const auto& [op, nodes] : body.nodes_) {
    for (const auto& node : nodes) nodes_[op].push_back(fmt::format("{} in '{}'", node, owner.label()));
  }
}

std::string MissingOperators::names() const {
  std::vector<std::string> parts;
  for (const auto& [op, nodes] : nodes_) {
    parts.push_back(nodes.size() == 1 ? fmt::format("{} ({})", op, nodes[0])
                                      : fmt::format("{} ({} nodes)", op, nodes.size()));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string MissingOperators::description() const {
  return fmt::format("{} operator{} of this model cannot be run here: {}", nodes_.size(), nodes_.size() == 1 ? "" : "s",
                     names());
}

}  // namespace quant
