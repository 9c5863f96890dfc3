#include "runtime/runnable_part.h"

#include <algorithm>
#include <set>

#include "core/error.h"
#include "graph/subgraphs.h"
#include "runtime/backend.h"
#include "runtime/control_flow/control_flow.h"
#include "runtime/lowering/expand_functions.h"

namespace quant {

namespace {

int64_t opsetOf(const Graph& graph, std::string_view domain) { return std::max<int64_t>(graph.opset(domain), 1); }

/// True when nothing has to be taken apart to know that it can be run: a kernel for every node, also in bodies.
bool hasKernel(const Graph& graph, const KernelRegistry& kernels, const onnx::NodeProto& node) {
  const std::string_view domain = node.domain() == "ai.onnx" ? "" : std::string_view(node.domain());
  bool all = true;
  forEachSubgraph(node, [&](const onnx::GraphProto& body) {
    for (const auto& inner : body.node()) all = all && hasKernel(graph, kernels, inner);
  });
  const std::string& op = node.op_type();
  const bool is_control_flow = domain.empty() && (op == "If" || op == "Loop" || op == "Scan");
  return all && (is_control_flow || kernels.find(domain, op, opsetOf(graph, domain)) != nullptr);
}

/// Each value that cannot be computed, and the operator that it is for: "ai.onnx.ml.ZipMap-1 (node 'ZipMap')".
struct LostValues {
  std::map<std::string, std::string> causes;
  MissingOperators missing;

  [[nodiscard]] bool contains(const std::string& value) const { return causes.contains(value); }
};

class LostValueSearch {
 public:
  explicit LostValueSearch(const Graph& graph) : graph_(graph.clone()), kernels_(kernelsOf(Backend::kOneDnn)) {
    expandFunctions(graph_, kernels_);
  }

  LostValues find() {
    const Graph& graph = graph_;
    for (const Node* node : graph.nodes()) {
      const auto cause = causeOf(*node);
      if (!cause) continue;
      for (const auto& output : node->proto().output()) {
        if (!output.empty()) lost_.causes.emplace(output, *cause);
      }
    }
    return std::move(lost_);
  }

 private:
  std::optional<std::string> causeOf(const Node& node) {
    MissingOperators here;
    const int64_t opset = opsetOf(graph_, node.domain());
    if (isControlFlow(node, opset)) {
      try {
        static_cast<void>(makeControlFlow(node, graph_, {}));
      } catch (const MissingOperatorsError& error) {
        here.addBody(error.operators(), node);
      }
    } else if (kernels_.find(node.domain(), node.opType(), opset) == nullptr) {
      here.add(node, opset);
    }
    if (!here.empty()) {
      lost_.missing.add(here);
      return here.names();
    }
    return causeAmong(node);
  }

  [[nodiscard]] std::optional<std::string> causeAmong(const Node& node) const {
    for (const auto& input : node.proto().input()) {
      if (const auto found = lost_.causes.find(input); found != lost_.causes.end()) return found->second;
    }
    for (const auto& input : node.captures()) {
      if (const auto found = lost_.causes.find(input); found != lost_.causes.end()) return found->second;
    }
    return {};
  }

  Graph graph_;
  KernelRegistry kernels_;
  LostValues lost_;
};

LostValues lostValues(const Graph& graph) {
  const KernelRegistry kernels = kernelsOf(Backend::kOneDnn);
  const auto nodes = graph.nodes();
  if (std::ranges::all_of(nodes, [&](const Node* node) { return hasKernel(graph, kernels, node->proto()); })) return {};
  try {
    return LostValueSearch(graph).find();
  } catch (const Error& error) {
    if (error.code() == ExitCode::kInternal) throw;
    return {};  // what cannot be taken apart is not run in parts either; an executor says why
  }
}

/// The first output that there is.
const std::string& keyOf(const Node& node) {
  int index = 0;
  while (index + 1 < node.outputCount() && node.output(index).empty()) ++index;
  return node.output(index);
}

bool isBehind(const std::string& reason) { return reason.starts_with("behind "); }

/// Nothing for what is run.
std::optional<std::string> reasonOf(const Node& node, const LostValues& lost) {
  for (const auto& output : node.proto().output()) {
    const auto cause = lost.causes.find(output);
    if (cause == lost.causes.end()) continue;
    const auto isLost = [&](const std::string& value) { return lost.contains(value); };
    const bool is_behind =
        std::ranges::any_of(node.proto().input(), isLost) || std::ranges::any_of(node.captures(), isLost);
    return is_behind ? fmt::format("behind {}, which cannot be run here", cause->second) : "cannot be run here";
  }
  return {};
}

void addOutput(Graph& graph, const std::string& name, const std::optional<ValueType>& type) {
  auto& output = *graph.rest().mutable_graph()->add_output();
  output.set_name(name);
  if (!type || type->type == DataType::kUndefined) return;
  auto& tensor = *output.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(static_cast<int32_t>(type->type));
  if (!type->shape) return;
  for (const int64_t size : *type->shape) {
    auto& dim = *tensor.mutable_shape()->add_dim();
    if (size >= 0) dim.set_dim_value(size);
  }
}

/// The part with the outputs of the model that can be computed.
RunnablePart partWithout(const Graph& graph, LostValues& lost) {
  RunnablePart part{graph.clone(), {}, std::move(lost.missing), {}};
  for (Node* node : part.graph.nodes()) {
    auto reason = reasonOf(*node, lost);
    if (!reason) continue;
    part.reasons.emplace(keyOf(*node), std::move(*reason));
    part.graph.removeNode(*node);
  }
  auto& outputs = *part.graph.rest().mutable_graph()->mutable_output();
  for (int i = outputs.size() - 1; i >= 0; --i) {
    if (lost.contains(outputs.Get(i).name())) outputs.DeleteSubrange(i, 1);
  }
  return part;
}

bool isLeftOut(const RunnablePart& part, const Node& node) { return part.reasons.contains(keyOf(node)); }

/// What the part computes and `node` reads. Of the integers only those that a missing operator itself wants: the others
/// are sizes and places.
bool isEnd(const Graph& graph, const RunnablePart& part, const Node& node, const std::string& value) {
  if (value.empty() || part.graph.producer(value) == nullptr || part.graph.isOutput(value)) return false;
  const auto type = graph.valueType(value);
  const bool may_be_real = !type || type->type == DataType::kUndefined || isFloatingPoint(type->type);
  return may_be_real || !isBehind(part.reasons.at(keyOf(node)));
}

void addEnds(const Graph& graph, RunnablePart& part) {
  for (const Node* node : graph.nodes()) {
    if (!isLeftOut(part, *node)) continue;
    std::vector<std::string> read(node->proto().input().begin(), node->proto().input().end());
    read.insert(read.end(), node->captures().begin(), node->captures().end());
    for (const std::string& value : read) {
      if (!isEnd(graph, part, *node, value)) continue;
      part.ends.push_back(value);
      addOutput(part.graph, value, graph.valueType(value));
    }
  }
}

// --- the same values in a rewritten model -------------------------------------------------------------------------

class Counterpart {
 public:
  Counterpart(const Graph& model, const RunnablePart& part, const Graph& other, LostValues& lost)
      : model_(model), part_(part), other_(other), result_(partWithout(other, lost)) {}

  RunnablePart make() {
    learnTypes();
    for (const std::string& end : part_.ends) {
      if (const auto value = valueFor(end)) addEnd(end, *value);
    }
    return std::move(result_);
  }

 private:
  /// A file need not say what a value in its middle is.
  void learnTypes() {
    try {
      result_.graph.inferShapes();
    } catch (const Error&) {
      return;  // it contradicts itself somewhere: the run will tell
    }
  }

  [[nodiscard]] std::optional<std::string> valueFor(const std::string& end) const {
    for (const Node* node : model_.nodes()) {
      if (!isLeftOut(part_, *node)) continue;
      for (int i = 0; i < node->inputCount(); ++i) {
        if (node->input(i) != end) continue;
        const Node* same = counterpartOf(*node);
        if (same != nullptr && i < same->inputCount() && isComputed(same->input(i))) return same->input(i);
      }
    }
    return isComputed(end) ? std::optional(end) : std::nullopt;
  }

  [[nodiscard]] bool isComputed(const std::string& value) const { return result_.graph.producer(value) != nullptr; }

  /// The node of `other` that does the same: of the same name, or for the same result.
  [[nodiscard]] const Node* counterpartOf(const Node& node) const {
    const Node* found = nullptr;
    for (const Node* candidate : other_.nodes()) {
      if (candidate->opType() != node.opType() || candidate->domain() != node.domain()) continue;
      if (keyOf(*candidate) == keyOf(node)) return candidate;
      if (!node.name().empty() && candidate->name() == node.name()) found = candidate;
    }
    return found;
  }

  void addEnd(const std::string& end, const std::string& value) {
    Graph& graph = result_.graph;
    const auto wanted = model_.valueType(end), found = graph.valueType(value);
    const bool is_known = wanted && wanted->type != DataType::kUndefined;
    const bool is_cast = is_known && !(found && found->type == wanted->type);
    if (graph.isOutput(end)) return;
    std::string source = value;
    if (source != end || is_cast) {
      if (!freeName(end)) return;
      if (source == end) source = renamed_;
      graph.addNode(is_cast ? makeNode("Cast", {source}, {end}) : makeNode("Identity", {source}, {end}));
      Node& added = *graph.producer(end);
      if (is_cast) added.setAttr("to", static_cast<int64_t>(wanted->type));
    }
    result_.ends.push_back(end);
    addOutput(graph, end, wanted);
  }

  /// Gives another name to the value that is called `name`, if there is one.
  bool freeName(const std::string& name) {
    Graph& graph = result_.graph;
    if (graph.isInput(name) || graph.isConstant(name) || graph.isCaptured(name)) return false;
    Node* producer = graph.producer(name);
    if (producer == nullptr) return true;
    renamed_ = graph.uniqueName(name + "_inside");
    for (int i = 0; i < producer->outputCount(); ++i) {
      if (producer->output(i) == name) graph.setOutput(*producer, i, renamed_);
    }
    graph.replaceUses(name, renamed_);
    return true;
  }

  const Graph& model_;
  const RunnablePart& part_;
  const Graph& other_;
  RunnablePart result_;
  std::string renamed_;
};

}  // namespace

std::string RunnablePart::description() const {
  const auto behind = std::ranges::count_if(reasons, [](const auto& row) { return isBehind(row.second); });
  const std::string tail = behind == 0 ? "" : fmt::format(" and {} node{} behind", behind, behind == 1 ? "" : "s");
  return fmt::format("{}{}: what goes into {} is compared instead", missing.names(), tail,
                     reasons.size() == 1 ? "it" : "them");
}

std::optional<RunnablePart> runnablePart(const Graph& graph) {
  LostValues lost = lostValues(graph);
  if (lost.missing.empty()) return {};
  RunnablePart part = partWithout(graph, lost);
  addEnds(graph, part);
  return part.graph.outputs().empty() ? std::nullopt : std::optional(std::move(part));
}

std::optional<RunnablePart> runnablePartLike(const Graph& model, const RunnablePart* part, const Graph& other) {
  if (part == nullptr) return runnablePart(other);
  LostValues lost = lostValues(other);
  if (lost.missing.empty()) return {};
  RunnablePart same = Counterpart(model, *part, other, lost).make();
  return same.graph.outputs().empty() ? std::nullopt : std::optional(std::move(same));
}

}  // namespace quant
