#include "graph/body.h"

#include "graph/subgraphs.h"
#include "graph/value_info.h"

namespace quant {

namespace {

/// The first inputs of a Loop's body count the iterations and say whether to go on; the others are carried along.
constexpr int kLoopState = 2;

/// The model that a body becomes: its proto, and what it captures as inputs.
onnx::ModelProto modelOf(const Graph& outer, const Node& owner, const std::set<std::string>& captures,
                         onnx::GraphProto proto) {
  onnx::ModelProto model;
  model.set_ir_version(outer.rest().ir_version());
  *model.mutable_opset_import() = outer.rest().opset_import();
  auto& graph = *model.mutable_graph();
  graph = std::move(proto);
  for (int i = 0; owner.is("Loop") && i < graph.input_size(); ++i) {
    auto& tensor = *graph.mutable_input(i)->mutable_type()->mutable_tensor_type();
    tensor.clear_shape();
    const auto given = i < kLoopState ? std::nullopt : outer.valueType(owner.input(i));
    if (tensor.elem_type() == 0 && given) tensor.set_elem_type(static_cast<int32_t>(given->type));
  }
  for (const auto& value : captures) {
    if (outer.isConstant(value)) continue;
    auto& input = *graph.add_input();
    input.set_name(value);
    if (const auto type = outer.valueType(value)) describe(input, value, *type);
  }
  return model;
}

}  // namespace

Body::Body(const Graph& outer, const Node& owner, onnx::GraphProto proto)
    : captures_(capturesOf(proto)), inputs_(proto.input()), graph_(modelOf(outer, owner, captures_, std::move(proto))) {
  input_count_ = graph_.inputs().size();
  for (const auto& value : captures_) {
    if (outer.isConstant(value)) {
      graph_.shareConstant(value, outer);
    } else {
      --input_count_;
    }
  }
  graph_.avoidNamesOf(outer);
}

onnx::GraphProto Body::close() && {
  for (const auto& value : captures_) {
    if (graph_.isConstant(value)) graph_.removeConstant(value);
  }
  onnx::ModelProto model = std::move(graph_).release();
  *model.mutable_graph()->mutable_input() = std::move(inputs_);
  return std::move(*model.mutable_graph());
}

int rewriteBodies(Graph& graph, const std::function<int(Graph& body)>& rewrite) {
  int total = 0;
  for (Node* node : graph.nodes()) {
    if (!holdsSubgraph(node->proto())) continue;
    onnx::NodeProto rewritten = node->proto();
    int changes = 0;
    forEachSubgraph(rewritten, [&](onnx::GraphProto& proto) {
      Body body(graph, *node, proto);
      const int here = rewriteBodies(body.graph(), rewrite) + rewrite(body.graph());
      if (here > 0) proto = std::move(body).close();
      changes += here;
    });
    if (changes > 0) graph.replaceNode(*node, {std::move(rewritten)});
    total += changes;
  }
  return total;
}

}  // namespace quant
