#include <algorithm>
#include <set>
#include <unordered_map>

#include "graph/subgraphs.h"
#include "passes/pass.h"

namespace quant {

namespace {

/// Before what a Loop carries stand, among its inputs and its body's, two others; among its body's outputs one.
constexpr int kFirstInput = 2, kFirstBodyOutput = 1;

template <class Field>
void removeAt(Field& field, int index) {
  field.erase(field.begin() + index);
}

/// Each result of an Identity in the body, with what it repeats.
std::unordered_map<std::string, std::string> repeatsIn(const onnx::GraphProto& body) {
  std::unordered_map<std::string, std::string> repeats;
  for (const auto& node : body.node()) {  // in topological order
    if (node.op_type() != "Identity" || node.input_size() != 1 || node.output_size() != 1) continue;
    const auto source = repeats.find(node.input(0));
    repeats[node.output(0)] = source == repeats.end() ? node.input(0) : source->second;
  }
  return repeats;
}

/// Names that mean something in the body itself, whatever they mean around it.
std::set<std::string> ownNamesOf(const onnx::GraphProto& body) {
  std::set<std::string> names;
  for (const auto& input : body.input()) names.insert(input.name());
  for (const auto& tensor : body.initializer()) names.insert(tensor.name());
  for (const auto& node : body.node()) names.insert(node.output().begin(), node.output().end());
  return names;
}

/// Places of carried values that the body gives back as it got them, and of which it gives nothing else back.
std::vector<int> invariantsOf(const Node& loop, const onnx::GraphProto& body) {
  const auto repeats = repeatsIn(body);
  const std::set<std::string> own = ownNamesOf(body);
  std::vector<int> found;
  for (int i = 0; i + kFirstInput < loop.inputCount() && i + kFirstInput < body.input_size(); ++i) {
    const std::string& inside = body.input(i + kFirstInput).name();
    const std::string& given = body.output(i + kFirstBodyOutput).name();
    const auto repeated = repeats.find(given);
    if (given != inside && (repeated == repeats.end() || repeated->second != inside)) continue;
    const auto direct =
        std::ranges::count_if(body.output(), [&](const auto& output) { return output.name() == inside; });
    if (direct > (given == inside ? 1 : 0) || own.contains(loop.input(i + kFirstInput))) continue;
    found.push_back(i);
  }
  return found;
}

/// Loop(n, go, w, ...) with a body that gives w back    becomes    Loop(n, go, ...) with a body that captures w
std::vector<onnx::NodeProto> rewritten(const Node& loop, const std::vector<int>& invariants) {
  std::vector<onnx::NodeProto> nodes;
  onnx::NodeProto changed = loop.proto();
  forEachSubgraph(changed, [&](onnx::GraphProto& body) {
    for (auto i = invariants.rbegin(); i != invariants.rend(); ++i) {
      const std::string outer = loop.input(*i + kFirstInput);
      renameReads(body, std::string(body.input(*i + kFirstInput).name()), outer);
      removeAt(*body.mutable_input(), *i + kFirstInput);
      removeAt(*body.mutable_output(), *i + kFirstBodyOutput);
      removeAt(*changed.mutable_input(), *i + kFirstInput);
      if (*i >= changed.output_size()) continue;
      const std::string result = changed.output(*i);
      removeAt(*changed.mutable_output(), *i);
      if (!result.empty()) nodes.push_back(makeNode("Identity", {outer}, {result}));
    }
  });
  nodes.push_back(std::move(changed));
  return nodes;
}

}  // namespace

int captureLoopInvariants(Graph& graph) {
  int captured = 0;
  for (Node* node : graph.nodes()) {
    const auto* attribute = node->is("Loop") ? node->findAttr("body") : nullptr;
    if (attribute == nullptr || !attribute->has_g()) continue;
    const std::vector<int> invariants = invariantsOf(*node, attribute->g());
    const bool is_all = invariants.size() >= static_cast<size_t>(node->outputCount());
    if (invariants.empty() || is_all) continue;  // a Loop has one result at least
    graph.replaceNode(*node, rewritten(*node, invariants));
    captured += static_cast<int>(invariants.size());
  }
  return captured;
}

}  // namespace quant
