#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/lowering/activation.h"
#include "runtime/lowering/quantized_group.h"

namespace quant {

/// A product of 8-bit integers and what follows it, on the way to become one QConv or QMatMul
/// (runtime/quantized_product.h). Nothing changes before `replace`.
class ProductChain {
 public:
  ProductChain(Graph& graph, Node& node, const std::set<std::string>& watched)
      : graph_(graph), node_(node), watched_(watched), result_(node.output()) {}

  /// What the chain computes so far.
  [[nodiscard]] const std::string& result() const { return result_; }
  /// `node`, the only reader of the result, belongs to the chain.
  void take(Node& node);

  /// A constant bias that is there as an input: false when there is none that can be had.
  bool takeBiasInput(const std::string& value);
  /// A row that is added to each row of a product with `columns` columns.
  void takeBiasRow(int64_t columns);
  /// A constant that is added, one number for each output channel: of `shape`, for a picture also with a batch before.
  void takeAddend(const Shape& shape);
  void takeActivation();

  /// Of `operands`, values with scales and zero points, the fused operator makes what the chain made.
  void replace(std::string_view op_type, const Names& operands);

 private:
  std::string biasConstant();

  Graph& graph_;
  Node& node_;
  const std::set<std::string>& watched_;
  std::string result_;
  std::optional<Tensor> bias_;
  std::string bias_name_;
  std::optional<FusedActivation> activation_;
  std::vector<Node*> swallowed_;
};

}  // namespace quant
