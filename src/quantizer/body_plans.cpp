#include "quantizer/body_plans.h"

#include <algorithm>
#include <optional>
#include <set>

#include "graph/body.h"
#include "graph/share_body_constants.h"
#include "graph/subgraphs.h"
#include "quantizer/body_slots.h"
#include "quantizer/float_network.h"

namespace quant {

namespace {

/// What stands behind `path` in a key of that path's graph; nothing for keys of other graphs.
std::optional<std::string> below(const std::string& path, const std::string& key) {
  if (!key.starts_with(path)) return {};
  return key.substr(path.size());
}

// --- planning -------------------------------------------------------------------------------------------------------

/// Where a constant stands: the path of the graph that holds it, and its name.
using Home = std::pair<std::string, std::string>;

/// One graph of the model with its plan.
struct PlannedGraph {
  std::string path, label_path;
  std::map<std::string, Home> captured;  ///< constants of graphs around it
  std::set<std::string> read;            ///< constants that its own nodes read
  QuantizationPlan plan;
  std::map<std::string, std::vector<PlannedGraph>> bodies;  ///< by the key of the node that holds them

  [[nodiscard]] Home homeOf(const std::string& constant) const {
    const auto found = captured.find(constant);
    return found == captured.end() ? Home{path, constant} : found->second;
  }
};

/// What the selection says of the graph at `path`. Counted nodes are those of the main graph.
NodeSelection selectionFor(const NodeSelection& selection, const std::string& path) {
  if (path.empty()) return selection;
  NodeSelection part = selection;
  part.in_body = true;
  part.exclude_first = part.exclude_last = 0;
  part.kept_float.clear();
  for (const auto& [key, reason] : selection.kept_float) {
    if (const auto own = below(path, key)) part.kept_float.emplace(*own, reason);
  }
  std::set<std::string> only;
  for (const auto& key : selection.only) {
    if (const auto own = below(path, key)) only.insert(*own);
  }
  if (!only.empty()) part.only = std::move(only);  // else it names nodes elsewhere, and none here
  return part;
}

class BodyPlanner {
 public:
  BodyPlanner(const NodeSelection& selection, const GraphPlanner& plan_one)
      : selection_(selection), plan_one_(plan_one) {}

  QuantizationPlan run(const Graph& graph) && {
    PlannedGraph main = plan(graph, {});
    if (!main.bodies.empty()) {
      findConflicts(main);
      if (!kept_.empty()) main = plan(graph, {});
    }
    return join(std::move(main));
  }

 private:
  PlannedGraph plan(const Graph& graph, PlannedGraph planned) const {
    NodeSelection selection = selectionFor(selection_, planned.path);
    for (const auto& constant : graph.constants()) {
      const auto kept = kept_.find(planned.homeOf(constant));
      if (kept != kept_.end()) selection.kept_constants.emplace(constant, kept->second);
    }
    planned.plan = plan_one_(graph, selection);
    for (const Node* node : graph.nodes()) {
      for (const auto& value : node->proto().input()) {
        if (graph.isConstant(value)) planned.read.insert(value);
      }
      if (holdsSubgraph(node->proto())) planned.bodies[keyOf(*node)] = planBodies(graph, *node, planned);
    }
    for (const auto& value : graph.outputs()) {
      if (graph.isConstant(value)) planned.read.insert(value);
    }
    return planned;
  }

  [[nodiscard]] std::vector<PlannedGraph> planBodies(const Graph& graph, const Node& node,
                                                     const PlannedGraph& outer) const {
    std::vector<PlannedGraph> bodies;
    for (const NamedBody& named : bodiesOf(node.proto())) {
      PlannedGraph planned;
      planned.path = bodyPath(outer.path + keyOf(node), named.name);
      planned.label_path = outer.label_path + node.label() + "/" + named.name + "/";
      for (const auto& value : capturesOf(*named.graph)) {
        if (graph.isConstant(value)) planned.captured.emplace(value, outer.homeOf(value));
      }
      Body body(graph, node, *named.graph);
      body.graph().inferShapes();
      bodies.push_back(plan(body.graph(), std::move(planned)));
    }
    return bodies;
  }

  /// Constants that one graph would store and another one reads in float.
  void findConflicts(const PlannedGraph& main) {
    std::set<Home> stored;
    visit(main, [&](const PlannedGraph& at) {
      for (const auto& weights : at.plan.stored) stored.insert(at.homeOf(weights.constant));
    });
    visit(main, [&](const PlannedGraph& at) {
      for (const auto& constant : at.read) {
        const Home home = at.homeOf(constant);
        if (!stored.contains(home)) continue;
        if (makesSmall(at.plan, constant)) continue;
        kept_.emplace(home, fmt::format("its weights '{}' are read in float {} too", constant, placeOf(at)));
      }
    });
  }

  /// True when the plan leaves nothing of the constant in float: its weights are stored in few bits, or integers.
  static bool makesSmall(const QuantizationPlan& plan, const std::string& constant) {
    const auto is_it = [&](const auto& weights) { return weights.second.constant == constant; };
    return std::ranges::any_of(plan.weights, is_it) ||
           std::ranges::find(plan.stored, constant, &StoredWeights::constant) != plan.stored.end();
  }

  static std::string placeOf(const PlannedGraph& at) {
    if (at.path.empty()) return "outside of the body";
    return fmt::format("inside '{}'", at.label_path.substr(0, at.label_path.size() - 1));
  }

  template <class Visit>
  static void visit(const PlannedGraph& graph, const Visit& visitor) {
    visitor(graph);
    for (const auto& [key, bodies] : graph.bodies) {
      for (const PlannedGraph& body : bodies) visit(body, visitor);
    }
  }

  static QuantizationPlan join(PlannedGraph graph) {
    std::vector<NodePlacement> own = std::move(graph.plan.nodes);
    QuantizationPlan whole = std::move(graph.plan);
    whole.nodes.clear();
    for (NodePlacement& row : own) {
      if (const auto found = graph.bodies.find(row.output); found != graph.bodies.end()) {
        for (PlannedGraph& body : found->second) addBody(whole, std::move(body));
        if (row.treatment == Treatment::kFloat) row.reason = "what it holds has rows of its own";
      }
      whole.nodes.push_back(std::move(row));
    }
    return whole;
  }

  static void addBody(QuantizationPlan& whole, PlannedGraph body) {
    const std::string label_path = body.label_path;
    const std::string path = body.path;
    QuantizationPlan part = join(std::move(body));
    for (NodePlacement& row : part.nodes) {
      if (row.output.starts_with(path)) {  // of a body inside this one
        whole.nodes.push_back(std::move(row));
        continue;
      }
      row.output = path + row.output;
      row.label = label_path + row.label;
      whole.nodes.push_back(std::move(row));
    }
    for (StoredWeights& stored : part.stored) {
      stored.multiplied_with.clear();  // nobody looks into a body while it runs
      for (WeightUse& use : stored.uses) {
        if (!use.output.starts_with(path)) use.output = path + use.output;
      }
      whole.stored.push_back(std::move(stored));
    }
    addWeights(whole.weights, std::move(part.weights), path);
    addWeights(whole.recurrences, std::move(part.recurrences), path);
    std::ranges::move(part.warnings, std::back_inserter(whole.warnings));
  }

  static void addWeights(std::map<std::string, WeightPlan>& whole, std::map<std::string, WeightPlan>&& part,
                         const std::string& path) {
    for (auto& [key, weights] : part) {
      whole.emplace(key.starts_with(path) ? key : path + key, std::move(weights));
    }
  }

  const NodeSelection& selection_;
  const GraphPlanner& plan_one_;
  std::map<Home, std::string> kept_;  // constants that stay float, and why
};

// --- applying -------------------------------------------------------------------------------------------------------

/// Keys of the nodes of `graph` itself, which stands at `path`.
std::set<std::string> ownKeys(const Graph& graph, const std::string& path) {
  std::set<std::string> keys;
  for (const Node* node : graph.nodes()) keys.insert(path + keyOf(*node));
  return keys;
}

/// The part of the plan that is about one graph, with its keys as they are there.
QuantizationPlan partOf(const QuantizationPlan& plan, const std::set<std::string>& keys, const std::string& path) {
  QuantizationPlan part;
  part.target = plan.target;
  if (path.empty()) {  // no ranges are known in bodies
    part.activations = plan.activations;
    part.levels = plan.levels;
  }
  for (const NodePlacement& row : plan.nodes) {
    if (!keys.contains(row.output)) continue;
    part.nodes.push_back(row);
    part.nodes.back().output = row.output.substr(path.size());
  }
  for (const StoredWeights& stored : plan.stored) {
    if (!keys.contains(stored.uses.front().output)) continue;
    part.stored.push_back(stored);
    for (WeightUse& use : part.stored.back().uses) use.output = use.output.substr(path.size());
  }
  for (const auto& [key, weights] : plan.weights) {
    if (keys.contains(key)) part.weights.emplace(key.substr(path.size()), weights);
  }
  for (const auto& [key, weights] : plan.recurrences) {
    if (keys.contains(key)) part.recurrences.emplace(key.substr(path.size()), weights);
  }
  return part;
}

bool isQuantized(const NodePlacement& row) {
  return row.treatment != Treatment::kFloat && row.treatment != Treatment::kAbsorbed;
}

class BodyRewriter {
 public:
  BodyRewriter(const QuantizationPlan& plan, const GraphRewriter& rewrite_one)
      : plan_(plan), rewrite_one_(rewrite_one) {}

  void run(Graph& graph) const {
    const auto keys = ownKeys(graph, "");
    const bool in_bodies = std::ranges::any_of(
        plan_.nodes, [&](const NodePlacement& row) { return isQuantized(row) && !keys.contains(row.output); });
    if (!in_bodies) return rewrite_one_(graph, plan_);
    rewriteBodiesOf(graph, "");
    rewrite_one_(graph, partOf(plan_, keys, ""));
    shareBodyConstants(graph);
    graph.removeUnused();
    graph.verify();
  }

 private:
  [[nodiscard]] bool concerns(const std::string& path) const {
    return std::ranges::any_of(
        plan_.nodes, [&](const NodePlacement& row) { return isQuantized(row) && row.output.starts_with(path); });
  }

  void rewriteBodiesOf(Graph& graph, const std::string& path) const {
    for (Node* node : graph.nodes()) {
      if (!holdsSubgraph(node->proto()) || !concerns(path + keyOf(*node) + "/")) continue;
      onnx::NodeProto rewritten = node->proto();
      const auto protos = mutableBodiesOf(rewritten);
      const auto named = bodiesOf(node->proto());
      for (size_t i = 0; i < protos.size(); ++i) {
        const std::string inner = bodyPath(path + keyOf(*node), named[i].name);
        if (concerns(inner)) *protos[i] = rewriteBody(graph, *node, std::move(*protos[i]), inner);
      }
      graph.replaceNode(*node, {std::move(rewritten)});
    }
  }

  onnx::GraphProto rewriteBody(Graph& outer, const Node& owner, onnx::GraphProto proto, const std::string& path) const {
    Body body(outer, owner, std::move(proto));
    Graph& graph = body.graph();
    graph.inferShapes();
    const auto keys = ownKeys(graph, path);
    rewriteBodiesOf(graph, path);
    rewrite_one_(graph, partOf(plan_, keys, path));
    for (const auto& import : graph.rest().opset_import()) {  // a body says nothing of operators' versions
      if (outer.opset(import.domain()) == 0) outer.setOpset(import.domain(), import.version());
    }
    return std::move(body).close();
  }

  const QuantizationPlan& plan_;
  const GraphRewriter& rewrite_one_;
};

}  // namespace

QuantizationPlan planWithBodies(const Graph& graph, const NodeSelection& selection, const GraphPlanner& plan_one) {
  return BodyPlanner(selection, plan_one).run(graph);
}

void applyWithBodies(Graph& graph, const QuantizationPlan& plan, const GraphRewriter& rewrite_one) {
  BodyRewriter(plan, rewrite_one).run(graph);
}

}  // namespace quant
