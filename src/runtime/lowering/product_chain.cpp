#include "runtime/lowering/product_chain.h"

#include "runtime/lowering/lowering.h"

namespace quant {

namespace {

Shape withBatch(Shape shape) {
  shape.insert(shape.begin(), 1);
  return shape;
}

}  // namespace

void ProductChain::take(Node& node) {
  swallowed_.push_back(&node);
  result_ = node.output();
}

bool ProductChain::takeBiasInput(const std::string& value) {
  if (value.empty()) return true;
  bias_ = realBias(graph_, value);
  bias_name_ = value;
  return bias_ && bias_->rank() == 1;
}

void ProductChain::takeBiasRow(int64_t columns) { takeAddend({columns}); }

void ProductChain::takeAddend(const Shape& shape) {
  Node* add = soleReader(graph_, result_, watched_);
  if (add == nullptr || !add->is("Add")) return;
  const std::string& addend = add->input(add->input(0) == result_ ? 1 : 0);
  const Tensor* bias = graph_.constant(addend);
  if (bias == nullptr || bias->type() != DataType::kFloat32) return;
  if (bias->shape() != shape && (shape.size() == 1 || bias->shape() != withBatch(shape))) return;
  bias_ = bias->alias({bias->elementCount()});
  bias_name_ = bias->rank() == 1 ? addend : addend + "_row";
  take(*add);
}

void ProductChain::takeActivation() {
  if (quantizedInto(graph_, result_, watched_)) return;  // which implies it
  Node* reader = soleReader(graph_, result_, watched_);
  if (reader == nullptr) return;
  activation_ = activationOf(graph_, *reader, result_);
  if (activation_) take(*reader);
}

void ProductChain::replace(std::string_view op_type, const Names& operands) {
  Names inputs = operands;
  inputs.push_back(biasConstant());
  if (auto sink = quantizedInto(graph_, result_, watched_)) {
    inputs.insert(inputs.end(), {sink->quantized.scale, sink->quantized.zero_point});
    swallowed_.insert(swallowed_.end(), sink->fused.begin(), sink->fused.end());
    result_ = sink->quantized.value;
  }
  Node& fused = replaceGroup(graph_, node_, swallowed_, kFusedDomain, op_type, inputs, result_);
  if (activation_) setActivation(fused, *activation_);
}

std::string ProductChain::biasConstant() {
  if (!bias_) return "";
  return graph_.isConstant(bias_name_) ? bias_name_ : graph_.addConstant(bias_name_, std::move(*bias_));
}

}  // namespace quant
