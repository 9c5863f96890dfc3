#include "onnx_io/inline_functions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include "core/error.h"
#include "graph/subgraphs.h"
#include "onnx_io/label.h"
#include "onnx_io/upgrade.h"
#include "onnx_io/value_names.h"

namespace quant {

namespace {

using Functions = google::protobuf::RepeatedPtrField<onnx::FunctionProto>;
using Nodes = std::vector<onnx::NodeProto>;

/// Functions that call functions may double at every level: a small file can ask for any number of nodes.
constexpr size_t kMostNodes = 250'000;

std::string domainOf(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

std::string nameIn(const std::unordered_map<std::string, std::string>& renamed, const std::string& value) {
  const auto found = renamed.find(value);
  return found == renamed.end() ? value : found->second;
}

/// One call: the function's nodes with the caller's names and attributes.
class Call {
 public:
  Call(const onnx::FunctionProto& function, const onnx::NodeProto& caller, ValueNames& names)
      : function_(function),
        caller_(caller),
        names_(names),
        prefix_((caller.name().empty() ? caller.op_type() : caller.name()) + "/") {}

  Nodes nodes() {
    bindInputs();
    Nodes copies = bindOutputs();
    Nodes nodes;
    for (const auto& inner : function_.node()) {
      for (const auto& value : inner.output()) makeName(value);
    }
    for (const auto& inner : function_.node()) {
      onnx::NodeProto& node = nodes.emplace_back(inner);
      rename(node);
      resolveAttributes(node);
    }
    std::ranges::move(copies, std::back_inserter(nodes));
    return nodes;
  }

 private:
  void bindInputs() {
    for (int i = 0; i < function_.input_size(); ++i) {
      renamed_[function_.input(i)] = i < caller_.input_size() ? caller_.input(i) : "";
    }
  }

  /// Results get the caller's names. One that is an input, or is asked for twice, is copied.
  Nodes bindOutputs() {
    Nodes copies;
    for (int i = 0; i < std::min(function_.output_size(), caller_.output_size()); ++i) {
      const std::string& wanted = caller_.output(i);
      if (wanted.empty()) continue;
      const auto [entry, is_new] = renamed_.try_emplace(function_.output(i), wanted);
      if (!is_new) copies.push_back(makeNode("Identity", {entry->second}, {wanted}, names_.unique(prefix_ + "copy")));
    }
    return copies;
  }

  void makeName(const std::string& value) {
    if (value.empty() || renamed_.contains(value)) return;
    renamed_[value] = names_.unique(prefix_ + value);
  }

  // --- names --------------------------------------------------------------------------------------------------------

  void rename(onnx::NodeProto& node) {
    if (!node.name().empty()) node.set_name(names_.unique(prefix_ + node.name()));
    for (auto& value : *node.mutable_input()) value = nameIn(renamed_, value);
    for (auto& value : *node.mutable_output()) value = nameIn(renamed_, value);
    forEachSubgraph(node, [&](onnx::GraphProto& body) { rename(body); });
  }

  void rename(onnx::GraphProto& body) {
    for (const auto& info : body.input()) makeName(info.name());
    for (const auto& tensor : body.initializer()) makeName(tensor.name());
    for (const auto& tensor : body.sparse_initializer()) makeName(tensor.values().name());
    for (const auto& node : body.node()) {
      for (const auto& value : node.output()) makeName(value);
    }
    for (auto* infos : {body.mutable_input(), body.mutable_output(), body.mutable_value_info()}) {
      for (auto& info : *infos) info.set_name(nameIn(renamed_, info.name()));
    }
    for (auto& tensor : *body.mutable_initializer()) tensor.set_name(nameIn(renamed_, tensor.name()));
    for (auto& tensor : *body.mutable_sparse_initializer()) {
      tensor.mutable_values()->set_name(nameIn(renamed_, tensor.values().name()));
    }
    for (auto& node : *body.mutable_node()) rename(node);
  }

  // --- attributes ---------------------------------------------------------------------------------------------------

  /// What the caller, or the function by default, says of an attribute; null where neither does.
  [[nodiscard]] const onnx::AttributeProto* attributeNamed(const std::string& name) const {
    for (const auto* attributes : {&caller_.attribute(), &function_.attribute_proto()}) {
      const auto found = std::ranges::find(*attributes, name, &onnx::AttributeProto::name);
      if (found != attributes->end()) return &*found;
    }
    return nullptr;
  }

  /// Bodies that the caller hands over come last: their names are the caller's.
  void resolveAttributes(onnx::NodeProto& node) const {
    forEachSubgraph(node, [&](onnx::GraphProto& body) {
      for (auto& inner : *body.mutable_node()) resolveAttributes(inner);
    });
    google::protobuf::RepeatedPtrField<onnx::AttributeProto> resolved;
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.ref_attr_name().empty()) {
        *resolved.Add() = std::move(attribute);
      } else if (const auto* given = attributeNamed(attribute.ref_attr_name())) {
        onnx::AttributeProto& copy = *resolved.Add() = *given;
        copy.set_name(attribute.name());
      }
    }
    *node.mutable_attribute() = std::move(resolved);
  }

  const onnx::FunctionProto& function_;
  const onnx::NodeProto& caller_;
  ValueNames& names_;
  std::string prefix_;
  std::unordered_map<std::string, std::string> renamed_;
};

/// The functions of a model by what calls them.
class FunctionTable {
 public:
  explicit FunctionTable(const Functions& functions) {
    for (const auto& function : functions) {
      functions_[{domainOf(function.domain()), function.name(), function.overload()}] = &function;
    }
  }

  /// Null for a node that calls none.
  [[nodiscard]] const onnx::FunctionProto* calledBy(const onnx::NodeProto& node) const {
    const auto found = functions_.find({domainOf(node.domain()), node.op_type(), node.overload()});
    return found == functions_.end() ? nullptr : found->second;
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, const onnx::FunctionProto*> functions_;
};

/// How many nodes a model's calls unfold to, counted without unfolding them: whatever follows the calls, as ONNX's
/// shape inference does, takes that many steps.
class UnfoldedSize {
 public:
  explicit UnfoldedSize(const FunctionTable& functions) : functions_(functions) {}

  /// Throws where a function calls itself, and from kMostNodes on.
  void add(const onnx::NodeProto& node) {
    count_ += sizeOf(node);
    if (count_ > kMostNodes) throwUnsupported("the model's functions unfold to more than {} nodes", kMostNodes);
  }

 private:
  size_t sizeOf(const onnx::NodeProto& node) {
    size_t size = 1;
    if (const auto* function = functions_.calledBy(node)) size += sizeOf(*function);
    forEachSubgraph(node, [&](const onnx::GraphProto& body) {
      for (const auto& inner : body.node()) size = std::min(size + sizeOf(inner), kMostNodes + 1);
    });
    return size;
  }

  size_t sizeOf(const onnx::FunctionProto& function) {
    const auto [entry, is_new] = sizes_.try_emplace(&function);
    if (is_new) {
      size_t size = 0;
      for (const auto& node : function.node()) size = std::min(size + sizeOf(node), kMostNodes + 1);
      sizes_[&function] = size;
      return size;
    }
    if (!entry->second) throwBadInput("the model's function '{}' calls itself", function.name());
    return *entry->second;
  }

  const FunctionTable& functions_;
  std::unordered_map<const onnx::FunctionProto*, std::optional<size_t>> sizes_;  // none while it is being counted
  size_t count_ = 0;
};

class Inliner {
 public:
  Inliner(const FunctionTable& functions, ValueNames names) : functions_(functions), names_(std::move(names)) {}

  [[nodiscard]] bool callsFunction(const onnx::NodeProto& node) const {
    if (functions_.calledBy(node) != nullptr) return true;
    bool found = false;
    forEachSubgraph(node, [&](const onnx::GraphProto& body) {
      found = found || std::ranges::any_of(body.node(), [&](const auto& inner) { return callsFunction(inner); });
    });
    return found;
  }

  /// The nodes that take the place of `node`.
  Nodes expand(onnx::NodeProto node) {
    Nodes nodes;
    expand(std::move(node), nodes);
    return nodes;
  }

 private:
  void expand(onnx::NodeProto node, Nodes& nodes) {
    forEachSubgraph(node, [&](onnx::GraphProto& body) { expandBody(body); });
    const auto* function = functions_.calledBy(node);
    if (function == nullptr) return nodes.push_back(std::move(node));
    for (auto& inner : nodesOf(*function, node)) expand(std::move(inner), nodes);
  }

  Nodes nodesOf(const onnx::FunctionProto& function, const onnx::NodeProto& caller) {
    if (caller.input_size() > function.input_size() || caller.output_size() > function.output_size()) {
      throwBadInput("node '{}' ({}) has {} inputs and {} outputs, but the function has {} and {}", labelOf(caller),
                    caller.op_type(), caller.input_size(), caller.output_size(), function.input_size(),
                    function.output_size());
    }
    return Call(function, caller, names_).nodes();
  }

  void expandBody(onnx::GraphProto& body) {
    if (std::ranges::none_of(body.node(), [&](const auto& node) { return callsFunction(node); })) return;
    Nodes nodes;
    for (auto& node : *body.mutable_node()) expand(std::move(node), nodes);
    body.clear_node();
    for (auto& node : nodes) *body.add_node() = std::move(node);
  }

  const FunctionTable& functions_;
  ValueNames names_;
};

/// Imports what the functions import; operators of ONNX's own domain in the newest version of all.
void unifyOpsets(Graph& graph) {
  int64_t newest = graph.opset();
  for (const auto& function : graph.rest().functions()) {
    for (const auto& import : function.opset_import()) {
      const std::string domain = domainOf(import.domain());
      if (domain.empty()) {
        newest = std::max(newest, import.version());
      } else if (import.version() > graph.opset(domain)) {
        graph.setOpset(domain, import.version());
      }
    }
  }
  if (newest > graph.opset()) upgradeOpset(graph, newest);
  if (newest > 0) upgradeFunctions(graph);
}

void collectDomains(const onnx::NodeProto& node, std::set<std::string>& domains) {
  domains.insert(domainOf(node.domain()));
  forEachSubgraph(node, [&](const onnx::GraphProto& body) {
    for (const auto& inner : body.node()) collectDomains(inner, domains);
  });
}

/// The domains of functions that are no longer there have no operators that anybody could import.
void dropDomains(Graph& graph, const Functions& functions) {
  std::set<std::string> used = {""}, gone;
  for (const Node* node : graph.nodes()) collectDomains(node->proto(), used);
  for (const auto& function : functions) gone.insert(domainOf(function.domain()));
  auto& imports = *graph.rest().mutable_opset_import();
  imports.erase(std::remove_if(imports.begin(), imports.end(),
                               [&](const auto& import) {
                                 const std::string domain = domainOf(import.domain());
                                 return gone.contains(domain) && !used.contains(domain);
                               }),
                imports.end());
}

}  // namespace

void inlineFunctions(Graph& graph) {
  if (graph.rest().functions_size() == 0) return;
  const FunctionTable functions(graph.rest().functions());
  UnfoldedSize size(functions);
  for (const Node* node : graph.nodes()) size.add(node->proto());
  unifyOpsets(graph);
  Inliner inliner(functions, ValueNames(graph.skeleton()));
  for (Node* node : graph.nodes()) {
    if (inliner.callsFunction(node->proto())) graph.replaceNode(*node, inliner.expand(node->proto()));
  }
  const Functions inlined = std::move(*graph.rest().mutable_functions());
  graph.rest().clear_functions();
  dropDomains(graph, inlined);
}

}  // namespace quant
