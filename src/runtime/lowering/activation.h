#pragma once

#include <optional>
#include <set>
#include <string>

#include "graph/graph.h"

namespace quant {

/// A function of one number as a fused operator has it: in its attributes.
struct FusedActivation {
  std::string name;
  float alpha = 0, beta = 0;
};

/// The activation that `node` computes of `value`, one of its inputs; nothing when it does something else.
std::optional<FusedActivation> activationOf(const Graph& graph, const Node& node, const std::string& value);

void setActivation(Node& node, const FusedActivation& activation);

/// The one node that reads `value`, when nothing else can see it; else null.
Node* soleReader(Graph& graph, const std::string& value, const std::set<std::string>& watched);

/// The element of a float constant that has just one and at most one axis, so that it never makes an operand larger.
std::optional<float> scalarConstant(const Graph& graph, const std::string& value);

/// True when both shapes are known to be equal in every run.
bool haveSameShape(const Graph& graph, const std::string& a, const std::string& b);

}  // namespace quant
