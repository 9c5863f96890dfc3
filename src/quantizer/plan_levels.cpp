#include "quantizer/plan_levels.h"

#include <algorithm>
#include <mutex>

#include "core/workers.h"
#include "quantizer/levels.h"
#include "quantizer/weights.h"

namespace quant {

namespace {

/// Dividing an activation by its levels takes a little time: not for less than this.
constexpr double kLeastGain = 1.5;

/// Weights that several products share are stored once for each value with levels of its own. In networks that use one
/// layer over and over that would undo what sharing saves.
constexpr int64_t kMostCopies = 2;

/// Nodes with weights that multiply each value, in topological order.
std::map<std::string, std::vector<const Node*>> productsByValue(const Graph& graph, const Placement& placement) {
  std::map<std::string, std::vector<const Node*>> products;
  for (const NodePlacement& row : placement.nodes) {
    if (!placement.weights.contains(row.output)) continue;
    const Node* node = graph.producer(row.output);
    products[node->input(0)].push_back(node);
  }
  return products;
}

bool multipliesLastAxis(const Node& node) { return node.is("MatMul") || node.is("Gemm"); }

bool isOnIntegers(Treatment treatment) { return treatment != Treatment::kFloat && treatment != Treatment::kWeights; }

class LevelPlanner {
 public:
  LevelPlanner(const Graph& graph, const Placement& placement) : graph_(graph), placement_(placement) {
    for (const NodePlacement& row : placement.nodes) treatments_.emplace(row.output, row.treatment);
    for (const auto& [value, root] : placement.values) {
      if (value != root) shared_.merge(std::set{value, root});
    }
  }

  [[nodiscard]] bool isLevellable(const std::string& value, const std::vector<const Node*>& products) const {
    const bool suit = std::ranges::all_of(products, [&](const Node* node) {
      return multipliesLastAxis(*node) && productsWithWeights(graph_, node->input(1)) <= kMostCopies;
    });
    if (!suit || shared_.contains(value)) return false;
    // What computes on integers writes the value's: a factor between the two would tear them apart.
    const Node* producer = graph_.producer(value);
    if (placement_.values.contains(value) && producer != nullptr && computesOnIntegers(*producer)) return false;
    return std::ranges::all_of(graph_.consumers(value), [&](const Node* reader) {
      return !computesOnIntegers(*reader) || placement_.weights.contains(keyOf(*reader));
    });
  }

 private:
  [[nodiscard]] bool computesOnIntegers(const Node& node) const {
    const auto found = treatments_.find(keyOf(node));
    return found != treatments_.end() && isOnIntegers(found->second);
  }

  const Graph& graph_;
  const Placement& placement_;
  std::map<std::string, Treatment> treatments_;
  std::set<std::string> shared_;  // values that have their parameters from another one, or lend them
};

std::vector<float> levelsOf(const Graph& graph, const std::vector<const Node*>& products, const ChannelSpread& spread) {
  std::vector<LevelledWeights> weights;
  for (const Node* product : products) {
    const Tensor* tensor = graph.constant(product->input(1));
    weights.push_back({tensor, WeightRows(*product, tensor->shape())});
    if (weights.back().rows.inputs() != spread.low.size()) return {};
  }
  const auto levels = findLevels(spread, weights, kLeastGain);
  return levels ? levels->factors : std::vector<float>();
}

}  // namespace

std::set<std::string> valuesToLevel(const Graph& graph, const Placement& placement) {
  const LevelPlanner planner(graph, placement);
  std::set<std::string> values;
  for (const auto& [value, products] : productsByValue(graph, placement)) {
    if (planner.isLevellable(value, products)) values.insert(value);
  }
  return values;
}

ChannelLevels planLevels(const Graph& graph, const Placement& placement,
                         const std::map<std::string, ChannelSpread>& spreads) {
  const auto products = productsByValue(graph, placement);
  const std::vector<std::pair<std::string, ChannelSpread>> listed(spreads.begin(), spreads.end());
  ChannelLevels planned;
  std::mutex joining;
  forEachIndex(listed.size(), {}, [&](size_t i) {
    const auto& [value, spread] = listed[i];
    std::vector<float> levels = levelsOf(graph, products.at(value), spread);
    const std::lock_guard lock(joining);
    if (!levels.empty()) planned.emplace(value, std::move(levels));
  });
  return planned;
}

}  // namespace quant
