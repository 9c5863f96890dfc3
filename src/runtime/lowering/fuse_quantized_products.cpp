// Products of 8-bit integers whose results are real numbers, or quantized only after an activation that saturation does
// not imply.
#include "runtime/lowering/activation.h"
#include "runtime/lowering/lowering.h"
#include "runtime/lowering/quantized_group.h"

namespace quant {

namespace {

/// A product and what follows it.
class Chain {
 public:
  Chain(Graph& graph, Node& node, const std::set<std::string>& watched)
      : graph_(graph), node_(node), watched_(watched), result_(node.output()) {}

  /// A constant bias that is there as an input: false when there is none that can be had.
  bool takeBiasInput(const std::string& value) {
    if (value.empty()) return true;
    bias_ = realBias(graph_, value);
    bias_name_ = value;
    return bias_ && bias_->rank() == 1;
  }

  /// A row that is added to each row of a product with `columns` columns.
  void takeBiasRow(int64_t columns) {
    Node* add = soleReader(graph_, result_, watched_);
    if (add == nullptr || !add->is("Add")) return;
    const std::string& addend = add->input(add->input(0) == result_ ? 1 : 0);
    const Tensor* bias = graph_.constant(addend);
    if (bias == nullptr || bias->type() != DataType::kFloat32) return;
    if (bias->rank() != 1 || bias->elementCount() != columns) return;
    bias_ = bias->alias();
    bias_name_ = addend;
    take(*add);
  }

  void takeActivation() {
    if (quantizedInto(graph_, result_, watched_)) return;  // which implies it
    Node* reader = soleReader(graph_, result_, watched_);
    if (reader == nullptr) return;
    activation_ = activationOf(graph_, *reader, result_);
    if (activation_) take(*reader);
  }

  void replace(std::string_view op_type, const QuantizedValue& a, const QuantizedValue& b) {
    Names inputs;
    append(inputs, a);
    append(inputs, b);
    inputs.push_back(biasConstant());
    if (auto sink = quantizedInto(graph_, result_, watched_)) {
      inputs.insert(inputs.end(), {sink->quantized.scale, sink->quantized.zero_point});
      swallowed_.insert(swallowed_.end(), sink->fused.begin(), sink->fused.end());
      result_ = sink->quantized.value;
    }
    Node& fused = replaceGroup(graph_, node_, swallowed_, kFusedDomain, op_type, inputs, result_);
    if (activation_) setActivation(fused, *activation_);
  }

 private:
  void take(Node& node) {
    swallowed_.push_back(&node);
    result_ = node.output();
  }

  std::string biasConstant() {
    if (!bias_) return "";
    return graph_.isConstant(bias_name_) ? bias_name_ : graph_.addConstant(bias_name_, std::move(*bias_));
  }

  Graph& graph_;
  Node& node_;
  const std::set<std::string>& watched_;
  std::string result_;  // what the chain computes so far
  std::optional<Tensor> bias_;
  std::string bias_name_;
  std::optional<FusedActivation> activation_;
  std::vector<Node*> swallowed_;
};

}  // namespace

bool fuseQuantizedConv(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto src = dequantizedFrom(graph, node.input(0)), weights = dequantizedFrom(graph, node.input(1));
  if (!src || !weights || src->params.axis() || !graph.isConstant(weights->value)) return false;
  if (!isAlongAxis(*weights, 0, graph.constant(weights->value)->rank())) return false;
  Chain chain(graph, node, watched);
  if (!chain.takeBiasInput(node.hasInput(2) ? node.input(2) : "")) return false;
  chain.takeActivation();
  chain.replace("QConv", *src, *weights);
  return true;
}

bool fuseQuantizedMatMul(Graph& graph, Node& node, const std::set<std::string>& watched) {
  const auto a = dequantizedFrom(graph, node.input(0)), b = dequantizedFrom(graph, node.input(1));
  if (!a || !b || a->params.axis()) return false;
  const Tensor* weights = graph.constant(b->value);
  const bool is_matrix = weights != nullptr && weights->rank() == 2;
  if (b->params.axis() && !(is_matrix && isAlongAxis(*b, 1, 2))) return false;
  Chain chain(graph, node, watched);
  if (is_matrix) chain.takeBiasRow(weights->shape()[1]);
  chain.takeActivation();
  chain.replace("QMatMul", *a, *b);
  return true;
}

}  // namespace quant
