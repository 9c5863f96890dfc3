#include <algorithm>

#include "runtime/lowering/activation.h"
#include "runtime/lowering/lowering.h"

namespace quant {

namespace {

constexpr int kAddendInput = 2, kResidualInput = 3;

/// What follows an operator with weights and can be computed on its result while that is in registers.
class Chain {
 public:
  Chain(Graph& graph, Node& node, const std::set<std::string>& watched)
      : graph_(graph), node_(node), watched_(watched), result_(node.output()) {}

  bool fuse() {
    if (!isFloat()) return false;
    if (node_.is("MatMul")) takeBias();
    if (!node_.is("ConvTranspose")) takeResidual();
    takeActivation();
    if (swallowed_.empty()) return false;
    replace();
    return true;
  }

 private:
  [[nodiscard]] bool isFloat() const {
    const auto weights = graph_.valueType(node_.input(1));
    return weights && weights->type == DataType::kFloat32;
  }

  void take(Node& node) {
    swallowed_.push_back(&node);
    result_ = node.output();
  }

  /// A row that is added to each row of a product with constant weights.
  void takeBias() {
    const Tensor* weights = graph_.constant(node_.input(1));
    Node* add = soleReader(graph_, result_, watched_);
    if (weights == nullptr || weights->rank() != 2 || add == nullptr || !add->is("Add")) return;
    const std::string& addend = add->input(add->input(0) == result_ ? 1 : 0);
    const Tensor* bias = graph_.constant(addend);
    if (bias == nullptr || bias->rank() != 1 || bias->elementCount() != weights->shape()[1]) return;
    bias_ = addend;
    take(*add);
  }

  /// An Add of a value of the same shape. Nothing but the Add reads the result, so the other value cannot depend on it.
  void takeResidual() {
    Node* add = soleReader(graph_, result_, watched_);
    if (add == nullptr || !(add->is("Add") || add->is("Sum")) || add->inputCount() != 2) return;
    const std::string& other = add->input(add->input(0) == result_ ? 1 : 0);
    if (graph_.isConstant(other) || !haveSameShape(graph_, result_, other)) return;
    residual_ = other;
    take(*add);
  }

  void takeActivation() {
    Node* reader = soleReader(graph_, result_, watched_);
    if (reader == nullptr) return;
    activation_ = activationOf(graph_, *reader, result_);
    if (activation_) take(*reader);
  }

  void replace() {
    onnx::NodeProto fused = node_.proto();
    fused.set_op_type("Fused" + node_.opType());
    fused.set_domain(kFusedDomain);
    fused.set_output(0, result_);
    setInput(fused, kAddendInput, bias_);
    setInput(fused, kResidualInput, residual_);
    for (Node* node : swallowed_) graph_.removeNode(*node);
    graph_.removeNode(node_);
    Node& added = graph_.addNode(std::move(fused));
    if (activation_) setActivation(added, *activation_);
  }

  static void setInput(onnx::NodeProto& node, int index, const std::string& value) {
    if (value.empty()) return;
    while (node.input_size() <= index) node.add_input("");
    node.set_input(index, value);
  }

  Graph& graph_;
  Node& node_;
  const std::set<std::string>& watched_;
  std::string result_;  // what the chain computes so far
  std::string bias_, residual_;
  std::optional<FusedActivation> activation_;
  std::vector<Node*> swallowed_;
};

bool hasWeights(const Node& node) {
  return node.is("Conv") || node.is("ConvTranspose") || node.is("Gemm") || node.is("MatMul");
}

}  // namespace

// From the last node to the first: of two convolutions that one Add joins, the later takes it, and the earlier one's
// result is there by then.
int fuseFloatChains(Graph& graph, const std::set<std::string>& watched) {
  int fused = 0;
  std::vector<Node*> nodes = graph.nodes();
  std::ranges::reverse(nodes);
  for (Node* node : nodes) fused += hasWeights(*node) && Chain(graph, *node, watched).fuse() ? 1 : 0;
  return fused;
}

}  // namespace quant
