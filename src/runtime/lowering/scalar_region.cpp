#include "runtime/lowering/scalar_region.h"

#include <algorithm>

#include "runtime/executor.h"

namespace quant {

namespace {

constexpr size_t kMostNodes = 24;

class RegionFinder {
 public:
  RegionFinder(Graph& graph, const std::set<std::string>& watched, const std::function<bool(const Node&)>& allows)
      : graph_(graph), watched_(watched), allows_(allows) {}

  std::optional<ScalarRegion> find(Node& last, const std::function<bool(const ScalarRegion&)>& accepts) {
    if (!add(last)) return {};
    while (nodes_.size() <= kMostNodes) {
      if (sources_.size() == 1) {
        ScalarRegion region{*sources_.begin(), {nodes_.rbegin(), nodes_.rend()}};
        if (accepts(region)) return region;
      }
      if (!grow()) return {};
    }
    return {};
  }

 private:
  /// Takes in one more node, all of whose readers are inside.
  bool grow() {
    for (auto source = sources_.begin(); source != sources_.end(); ++source) {
      Node* const producer = graph_.producer(*source);
      if (producer == nullptr || !isInner(*source) || !allows_(*producer) || producer->outputCount() != 1) continue;
      if (!add(*producer)) continue;
      sources_.erase(source);  // additions left it valid
      return true;
    }
    return false;
  }

  [[nodiscard]] bool isInner(const std::string& value) const {
    if (graph_.isOutput(value) || graph_.isCaptured(value) || watched_.contains(value)) return false;
    return std::ranges::all_of(graph_.consumers(value),
                               [&](Node* reader) { return std::ranges::find(nodes_, reader) != nodes_.end(); });
  }

  /// False when `node` also reads a constant that is more than a number.
  bool add(Node& node) {
    std::set<std::string> read;
    for (const auto& input : node.proto().input()) {
      if (input.empty()) continue;
      const Tensor* constant = graph_.constant(input);
      if (constant == nullptr)
        read.insert(input);
      else if (constant->elementCount() != 1 || constant->rank() > 1)
        return false;
    }
    nodes_.push_back(&node);
    sources_.insert(read.begin(), read.end());
    return true;
  }

  Graph& graph_;
  const std::set<std::string>& watched_;
  const std::function<bool(const Node&)>& allows_;
  std::vector<Node*> nodes_;       // each after its readers
  std::set<std::string> sources_;  // what the nodes read from outside
};

}  // namespace

Tensor ScalarRegion::evaluate(const Graph& graph, const Tensor& src) const {
  onnx::ModelProto model;
  model.set_ir_version(graph.rest().ir_version());
  *model.mutable_opset_import() = graph.rest().opset_import();
  auto& input = *model.mutable_graph()->add_input();
  input.set_name(source);
  auto& type = *input.mutable_type()->mutable_tensor_type();
  type.set_elem_type(static_cast<int32_t>(src.type()));
  type.mutable_shape()->add_dim()->set_dim_value(src.elementCount());
  model.mutable_graph()->add_output()->set_name(result());
  for (const Node* node : nodes) *model.mutable_graph()->add_node() = node->proto();

  Graph region(std::move(model));
  for (const Node* node : nodes) {
    for (const auto& name : node->proto().input()) {
      const Tensor* constant = graph.constant(name);
      if (constant != nullptr && !region.isConstant(name)) region.defineConstant(name, constant->alias());
    }
  }
  NamedTensors inputs;
  inputs[source] = src.alias();
  return std::move(Executor(region, {Backend::kReference, {}, false}).run(inputs)[0]);
}

std::optional<ScalarRegion> findScalarRegion(Graph& graph, Node& last, const std::set<std::string>& watched,
                                             const std::function<bool(const Node&)>& allows,
                                             const std::function<bool(const ScalarRegion&)>& accepts) {
  return RegionFinder(graph, watched, allows).find(last, accepts);
}

}  // namespace quant
