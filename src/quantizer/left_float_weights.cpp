#include "quantizer/left_float_weights.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "core/files.h"
#include "graph/body.h"
#include "graph/subgraphs.h"
#include "quantizer/body_slots.h"
#include "quantizer/place_weight_only.h"

namespace quant {

namespace {

/// Weights of a smaller share are not worth a sentence.
constexpr double kLeastShare = 0.1;

/// Operators whose weights static quantization leaves alone. Others in float have a reason of their own in the plan.
constexpr std::array<std::string_view, 5> kWithoutStaticForm = {"LSTM", "GRU", "RNN", "Gather", "Attention"};

int64_t bytesOf(const Graph& graph, const std::string& constant) {
  const auto type = graph.valueType(constant);
  if (!type || !type->isStatic()) return 0;
  return elementCount(*type->shape) * elementBits(type->type) / 8;
}

/// One graph of the model.
struct Scope {
  size_t id = 0;                        ///< different for each
  std::string owner;                    ///< the operator of the main graph in whose body it stands; else empty
  std::map<std::string, size_t> outer;  ///< constants of graphs around it, by the id of their graph
};

class Finder {
 public:
  Finder(const QuantizationPlan& plan, const NodeSelection& selection) {
    options_.selection = selection;
    options_.selection.in_body = true;  // what matches no node was refused when the plan was made
    for (const NodePlacement& row : plan.nodes) {
      if (row.treatment == Treatment::kFloat) float_rows_.insert(row.output);
    }
  }

  LeftFloatWeights run(const Graph& graph) && {
    visit(graph, {});
    return std::move(found_);
  }

 private:
  void visit(const Graph& graph, const Scope& scope) {
    for (const auto& constant : graph.constants()) {
      if (!scope.outer.contains(constant)) found_.all_bytes += bytesOf(graph, constant);
    }
    for (const StoredWeights& stored : planWeightStorage(graph, options_).stored) addIfLeft(graph, stored, scope);
    options_.selection.exclude_first = options_.selection.exclude_last = 0;  // they count nodes of the main graph
    for (const Node* node : graph.nodes()) {
      if (holdsSubgraph(node->proto())) visitBodies(graph, *node, scope);
    }
  }

  void visitBodies(const Graph& graph, const Node& node, const Scope& scope) {
    for (const NamedBody& named : bodiesOf(node.proto())) {
      Scope inner{++last_id_, scope.owner.empty() ? node.opType() : scope.owner, {}};
      for (const auto& value : capturesOf(*named.graph)) {
        if (graph.isConstant(value)) inner.outer.emplace(value, homeOf(value, scope));
      }
      Body body(graph, node, *named.graph);
      body.graph().inferShapes();
      visit(body.graph(), inner);
    }
  }

  static size_t homeOf(const std::string& constant, const Scope& scope) {
    const auto found = scope.outer.find(constant);
    return found == scope.outer.end() ? scope.id : found->second;
  }

  void addIfLeft(const Graph& graph, const StoredWeights& stored, const Scope& scope) {
    const bool is_left = std::ranges::all_of(
        stored.uses, [&](const WeightUse& use) { return isLeft(*graph.producer(use.output), scope); });
    if (!is_left) return;
    if (counted_.emplace(homeOf(stored.constant, scope), stored.constant).second) {
      found_.bytes += bytesOf(graph, stored.constant);
    }
    for (const WeightUse& use : stored.uses) addReader(*graph.producer(use.output), scope);
  }

  [[nodiscard]] bool isLeft(const Node& node, const Scope& scope) const {
    if (!scope.owner.empty()) return true;
    return std::ranges::find(kWithoutStaticForm, node.opType()) != kWithoutStaticForm.end() &&
           float_rows_.contains(keyOf(node));
  }

  void addReader(const Node& node, const Scope& scope) {
    if (!readers_.emplace(scope.id, keyOf(node)).second) return;
    const std::string place = scope.owner.empty() ? "" : " in a body of " + scope.owner;
    ++found_.operators[node.opType() + place];
    found_.is_for_dynamic = found_.is_for_dynamic && !node.is("Conv") && !node.is("ConvTranspose");
  }

  WeightOnlyOptions options_;
  std::set<std::string> float_rows_;
  std::set<std::pair<size_t, std::string>> counted_, readers_;  // constants and nodes, by the id of their graph
  size_t last_id_ = 0;
  LeftFloatWeights found_;
};

}  // namespace

LeftFloatWeights leftFloatWeights(const Graph& graph, const QuantizationPlan& plan, const NodeSelection& selection) {
  return Finder(plan, selection).run(graph);
}

std::string adviceOn(const LeftFloatWeights& weights) {
  const double share =
      weights.all_bytes == 0 ? 0 : static_cast<double>(weights.bytes) / static_cast<double>(weights.all_bytes);
  if (share < kLeastShare) return "";
  std::vector<std::string> readers;
  for (const auto& [name, count] : weights.operators) readers.push_back(fmt::format("{} {}", count, name));
  return fmt::format(
      "{:.0f} % of the weights ({}) stay float, which static int8 has no form for: those of {}; {} in 8 bits",
      100 * share, humanSize(static_cast<uint64_t>(weights.bytes)), fmt::join(readers, ", "),
      weights.is_for_dynamic ? "--mode dynamic and --mode weight-only store them" : "--mode weight-only stores them");
}

}  // namespace quant
