#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "graph/subgraphs.h"
#include "passes/pass.h"
#include "passes/run_node.h"
#include "passes/size_values.h"
#include "runtime/backend.h"

namespace quant {

namespace {

/// Operators that give another result at each run, and those that say how a constant is stored: a weight behind a
/// DequantizeLinear must stay an integer.
constexpr std::string_view kNeverFolded[] = {
    "RandomNormal", "RandomNormalLike", "RandomUniform",    "RandomUniformLike",     "Bernoulli",
    "Multinomial",  "QuantizeLinear",   "DequantizeLinear", "DynamicQuantizeLinear", "Dropout",
};

/// A result above this size that is also this many times larger than what it is made of (Expand, ConstantOfShape, Tile)
/// stays a computation: it would only fill the file.
constexpr int64_t kLargeResult = 1 << 20;
constexpr int64_t kMaxGrowth = 4;

bool isOutputOfGraph(const Graph& graph, const Node& node) {
  return std::ranges::any_of(node.proto().output(), [&](const auto& value) { return graph.isOutput(value); });
}

bool isComputableConstant(const Graph& graph, const std::string& value) {
  const auto type = graph.isConstant(value) ? graph.valueType(value) : std::nullopt;
  return type && elementBits(type->type) > 0;
}

bool isFoldable(const Graph& graph, const Node& node) {
  if (!node.domain().empty() || holdsSubgraph(node.proto()) || isOutputOfGraph(graph, node)) return false;
  if (std::ranges::find(kNeverFolded, node.opType()) != std::end(kNeverFolded)) return false;
  return std::ranges::all_of(node.proto().input(),
                             [&](const auto& value) { return value.empty() || isComputableConstant(graph, value); });
}

int64_t byteSize(const ValueType& type) {
  return static_cast<int64_t>(storageBytes(type.type, elementCount(*type.shape)));
}

bool isBlownUp(const Graph& graph, const Node& node, int64_t result_bytes) {
  int64_t input_bytes = 0;
  for (const auto& value : node.proto().input()) {
    if (!value.empty()) input_bytes += byteSize(*graph.valueType(value));
  }
  return result_bytes > kLargeResult && result_bytes / kMaxGrowth > input_bytes;
}

/// Known before the result is made where the inferred types say how large it gets.
bool willBlowUp(const Graph& graph, const Node& node) {
  int64_t bytes = 0;
  for (const auto& value : node.proto().output()) {
    const auto type = value.empty() ? std::nullopt : graph.valueType(value);
    if (type && type->isStatic()) bytes += byteSize(*type);
  }
  return isBlownUp(graph, node, bytes);
}

/// The node's outputs; those that nobody reads may be missing.
using Results = std::vector<std::optional<Tensor>>;

bool isComplete(const Graph& graph, const Node& node, const Results& results) {
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i] && !graph.consumers(node.output(static_cast<int>(i))).empty()) return false;
  }
  return true;
}

std::optional<Results> compute(const Graph& graph, const Node& node, const KernelRegistry& kernels) {
  if (!isFoldable(graph, node) || willBlowUp(graph, node)) return {};
  auto results = runNode(graph, node, kernels);
  if (!results || !isComplete(graph, node, *results)) return {};
  int64_t bytes = 0;
  for (const auto& result : *results) bytes += result ? static_cast<int64_t>(result->byteSize()) : 0;
  return isBlownUp(graph, node, bytes) ? std::nullopt : std::move(results);
}

std::optional<Results> knownSizes(const Graph& graph, const Node& node, const KnownSizes& sizes) {
  const auto found = sizes.find(node.output());
  if (found == sizes.end() || isOutputOfGraph(graph, node)) return {};
  auto tensor = found->second.toTensor();
  if (!tensor) return {};
  Results results;
  results.push_back(std::move(*tensor));
  return results;
}

/// What a node computes, whatever it is called: equal for nodes that give the same.
std::string computation(const Node& node) {
  onnx::NodeProto proto = node.proto();
  proto.clear_name();
  proto.clear_output();
  proto.clear_doc_string();
  proto.clear_metadata_props();
  return proto.SerializeAsString();
}

/// One constant for all nodes that compute it: weights that an export shares stay shared behind the Transpose of each
/// of their readers.
class Computed {
 public:
  explicit Computed(Graph& graph) : graph_(graph) {}

  /// Lets the readers of `node` read what an equal node gave. False when there was none.
  bool reuse(Node& node) {
    if (node.outputCount() != 1 || isOutputOfGraph(graph_, node) || graph_.isCaptured(node.output())) return false;
    const auto found = results_.find(computation(node));
    if (found == results_.end() || !graph_.isConstant(found->second)) return false;
    graph_.replaceUses(node.output(), found->second);
    graph_.removeNode(node);
    return true;
  }

  void add(const Node& node) {
    if (node.outputCount() == 1) results_.emplace(computation(node), node.output());
  }

 private:
  Graph& graph_;
  std::map<std::string, std::string> results_;
};

void replaceByConstants(Graph& graph, Node& node, Results results) {
  const std::vector<std::string> values(node.proto().output().begin(), node.proto().output().end());
  graph.removeNode(node);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].empty() && results[i]) graph.defineConstant(values[i], std::move(*results[i]));
  }
}

}  // namespace

//   Shape(x) with x [batch,3,224,224] -> Gather(2)          becomes   the initializer 224
//   c0 -> Reshape -> Slice -> Transpose -> ... -> Pad(x, .)   becomes   Pad(x, c)
//
// Weights that an export shares by Identity nodes stay one constant, as do equal results of theirs.
//
// Sizes come first: a batch that only a run knows does not keep the other sizes from being constants. Then nodes are
// computed by the reference kernels, in topological order, so that a whole chain folds at once. Values keep their
// names.
int foldConstants(Graph& graph) {
  const auto sizes = propagateSizes(graph);
  const KernelRegistry kernels = kernelsOf(Backend::kReference);
  int folded = 0;
  Computed computed(graph);
  for (Node* node : graph.nodes()) {
    const bool is_other_name = node->is("Identity") && isFoldable(graph, *node) && graph.bypass(*node);
    if (is_other_name || (isFoldable(graph, *node) && computed.reuse(*node))) {
      ++folded;
      continue;
    }
    auto results = knownSizes(graph, *node, sizes);
    if (!results) results = compute(graph, *node, kernels);
    if (!results) continue;
    computed.add(*node);
    replaceByConstants(graph, *node, std::move(*results));
    ++folded;
  }
  return folded;
}

}  // namespace quant
