// MatMul -> scale -> + mask -> Softmax -> MatMul, in floats or on 8-bit integers, becomes one step.
#include <algorithm>
#include <array>

#include "runtime/fused_attention.h"
#include "runtime/lowering/activation.h"
#include "runtime/lowering/lowering.h"
#include "runtime/lowering/quantized_group.h"
#include "runtime/quantized_product.h"

namespace quant {

namespace {

constexpr int64_t kAxes = 4;  // batch, heads, rows, columns

/// A product of two operands: MatMul of floats, or QMatMul whose result is real.
struct Product {
  Node* node = nullptr;
  bool is_int8 = false;
  std::string a, b;
  float multiplier = 1, scale = 1;
  int64_t a_zero_point = 0, b_zero_point = 0;
};

/// Where an operand comes from: from another type, in another order.
struct Operand {
  std::string value;
  std::vector<int64_t> order;
  std::optional<QuantParams> quantized;  // where the attention quantizes it itself
};

std::optional<int64_t> scalarZeroPoint(const Graph& graph, const std::string& value) {
  const Tensor* constant = graph.constant(value);
  if (constant == nullptr || constant->elementCount() != 1) return {};
  if (constant->type() == DataType::kUInt8) return constant->data<uint8_t>()[0];
  if (constant->type() == DataType::kInt8) return constant->data<int8_t>()[0];
  return {};
}

class Match {
 public:
  Match(Graph& graph, Node& softmax, const std::set<std::string>& watched)
      : graph_(graph), softmax_(softmax), watched_(watched) {}

  bool fuse() {
    if (!isAlongLastAxis() || !takeScores() || !takeResult()) return false;
    if (scores_.is_int8 != result_.is_int8) return false;
    operands_ = {operandOf(scores_.a, *scores_.node), operandOf(scores_.b, *scores_.node),
                 operandOf(result_.b, *result_.node)};
    if (!std::ranges::all_of(operands_, [&](const Operand& operand) { return hasKnownAxes(operand); })) return false;
    takeTranspose();
    replace();
    return true;
  }

 private:
  [[nodiscard]] std::optional<int64_t> rankOf(const std::string& value) const {
    const auto type = graph_.valueType(value);
    if (!type || !type->shape) return {};
    return static_cast<int64_t>(type->shape->size());
  }

  [[nodiscard]] bool isFloat(const std::string& value) const {
    const auto type = graph_.valueType(value);
    return type && type->type == DataType::kFloat32;
  }

  [[nodiscard]] bool isAlongLastAxis() const {
    const int64_t axis = softmax_.attr("axis", int64_t{graph_.opset() < 13 ? 1 : -1});
    const auto rank = rankOf(softmax_.input(0));
    return isFloat(softmax_.input(0)) && (axis == -1 || (rank && axis == *rank - 1));
  }

  /// The node that gives `value`, when only one place reads it.
  [[nodiscard]] Node* soleProducer(const std::string& value) const {
    return graph_.hasSingleUse(value) && !watched_.contains(value) ? graph_.producer(value) : nullptr;
  }

  // --- the scores --------------------------------------------------------------------------------------------------

  bool takeScores() {
    const std::string value = softmax_.input(0);
    Node* add = soleProducer(value);
    if (add == nullptr || !add->is("Add")) return takeScaled(value);
    for (const int side : {0, 1}) {
      const std::string mask = add->input(1 - side);
      const auto rank = rankOf(mask);
      if (!rank || *rank > kAxes || !isFloat(mask) || !takeScaled(add->input(side))) continue;
      mask_ = mask;
      swallowed_.push_back(add);
      return true;
    }
    return false;
  }

  /// A product, perhaps times a number.
  bool takeScaled(const std::string& value) {
    Node* node = soleProducer(value);
    if (node == nullptr) return false;
    if (takeProduct(*node, scores_)) return true;
    for (const std::string& factor : node->proto().input()) {
      const auto activation = activationOf(graph_, *node, factor);
      if (!activation || activation->name != "Linear" || activation->beta != 0) continue;
      Node* product = soleProducer(factor);
      if (product == nullptr || !takeProduct(*product, scores_)) continue;
      scores_.scale *= activation->alpha;
      swallowed_.push_back(node);
      return true;
    }
    return false;
  }

  bool takeProduct(Node& node, Product& product) const {
    if (node.is("MatMul") && isFloat(node.input(0)) && isFloat(node.input(1))) {
      product = {.node = &node, .a = node.input(0), .b = node.input(1)};
      return true;
    }
    return node.domain() == kFusedDomain && node.opType() == "QMatMul" && takeQuantizedProduct(node, product);
  }

  /// Without a bias, whose result is not quantized, with constants of one number.
  bool takeQuantizedProduct(Node& node, Product& product) const {
    using Q = QuantizedProduct;
    const auto input = [&](size_t index) { return node.input(static_cast<int>(index)); };
    for (const size_t index : {Q::kBias, Q::kDstScale}) {
      if (static_cast<int>(index) < node.inputCount() && !input(index).empty()) return false;
    }
    const std::string activation = node.attr("activation", "");
    if (!activation.empty() && (activation != "Linear" || node.attr("activation_beta", 0.0F) != 0)) return false;
    const auto a_scale = scalarConstant(graph_, input(Q::kAScale)), b_scale = scalarConstant(graph_, input(Q::kBScale));
    const auto a_zero = scalarZeroPoint(graph_, input(Q::kAZeroPoint));
    const auto b_zero = scalarZeroPoint(graph_, input(Q::kBZeroPoint));
    if (!a_scale || !b_scale || !a_zero || !b_zero) return false;
    product = {.node = &node,
               .is_int8 = true,
               .a = input(Q::kA),
               .b = input(Q::kB),
               .multiplier = *a_scale * *b_scale,
               .scale = activation.empty() ? 1 : node.attr("activation_alpha", 1.0F),
               .a_zero_point = *a_zero,
               .b_zero_point = *b_zero};
    return true;
  }

  // --- the result --------------------------------------------------------------------------------------------------

  bool takeResult() {
    std::string probabilities = softmax_.output();
    Node* reader = soleReader(graph_, probabilities, watched_);
    if (reader == nullptr) return false;
    if (reader->is("QuantizeLinear")) {
      quantized_ = quantizedBy(graph_, *reader);
      if (!quantized_ || quantized_->params.axis()) return false;
      swallowed_.push_back(reader);
      probabilities = quantized_->value;
      reader = soleReader(graph_, probabilities, watched_);
    }
    if (reader == nullptr || !takeProduct(*reader, result_) || result_.scale != 1) return false;
    return result_.a == probabilities && result_.b != probabilities && result_.is_int8 == quantized_.has_value();
  }

  /// Only batch, heads and rows change places: columns stay together.
  void takeTranspose() {
    output_ = result_.node->output();
    Node* reader = soleReader(graph_, output_, watched_);
    if (reader == nullptr || !reader->is("Transpose")) return;
    const auto order = reader->attr("perm", std::vector<int64_t>{});
    if (order.size() != kAxes || order.back() != kAxes - 1) return;
    result_order_ = order;
    output_ = reader->output();
    swallowed_.push_back(reader);
  }

  // --- operands ----------------------------------------------------------------------------------------------------

  /// Looks behind the Transpose and the QuantizeLinear that make the operand for `reader` alone, in any order.
  Operand operandOf(const std::string& value, Node& reader) {
    Operand operand{value, {}, {}};
    for (Node* node = soleProducer(value); node != nullptr; node = soleProducer(operand.value)) {
      const bool taken =
          takeOrder(*node, operand) || (reader.opType() == "QMatMul" && takeQuantization(*node, operand));
      if (!taken) break;
      operand.value = node->input(0);
      swallowed_.push_back(node);
    }
    return operand;
  }

  static bool takeOrder(const Node& node, Operand& operand) {
    if (!node.is("Transpose") || !operand.order.empty()) return false;
    operand.order = node.attr("perm", std::vector<int64_t>{});
    if (operand.order.size() != kAxes) operand.order.clear();
    return !operand.order.empty();
  }

  bool takeQuantization(const Node& node, Operand& operand) {
    if (!node.is("QuantizeLinear") || operand.quantized || !isFloat(node.input(0))) return false;
    const auto quantized = quantizedBy(graph_, node);
    if (!quantized || quantized->params.axis()) return false;
    operand.quantized = quantized->params;
    return true;
  }

  [[nodiscard]] bool hasKnownAxes(const Operand& operand) const {
    if (!operand.order.empty()) return true;
    const auto rank = rankOf(operand.value);
    return rank && *rank >= 2 && *rank <= kAxes;
  }

  // --- the step ----------------------------------------------------------------------------------------------------

  void replace() {
    const Names inputs = {operands_[0].value, operands_[1].value, operands_[2].value, mask_};
    onnx::NodeProto fused = makeNode(result_.is_int8 ? "QAttention" : "FusedAttention", inputs, {output_},
                                     result_.node->name(), kFusedDomain);
    swallowed_.insert(swallowed_.end(), {&softmax_, scores_.node, result_.node});
    for (Node* node : swallowed_) graph_.removeNode(*node);
    describe(graph_.addNode(std::move(fused)));
  }

  void describe(Node& node) const {
    using A = AttentionNames;
    const auto name = [](size_t operand, const char* what) { return std::string(A::kOperands[operand]) + what; };
    node.setAttr(A::kScale, scores_.scale);
    if (!result_order_.empty()) node.setAttr(A::kResultOrder, result_order_);
    for (size_t i = 0; i < operands_.size(); ++i) {
      if (!operands_[i].order.empty()) node.setAttr(name(i, A::kOrder), operands_[i].order);
      if (operands_[i].quantized) describeType(node, A::kOperands[i], *operands_[i].quantized);
    }
    if (!result_.is_int8) return;
    node.setAttr(A::kScoreMultiplier, scores_.multiplier);
    node.setAttr(A::kResultMultiplier, result_.multiplier);
    const std::array zero_points = {scores_.a_zero_point, scores_.b_zero_point, result_.b_zero_point,
                                    result_.a_zero_point};
    for (size_t i = 0; i < zero_points.size(); ++i) node.setAttr(name(i, A::kZeroPoint), zero_points[i]);
    describeType(node, A::kOperands[3], quantized_->params);
  }

  static void describeType(Node& node, const std::string& operand, const QuantParams& params) {
    node.setAttr(operand + AttentionNames::kQuantizedScale, params.scale());
    node.setAttr(operand + AttentionNames::kType, static_cast<int64_t>(params.storage()));
  }

  Graph& graph_;
  Node& softmax_;
  const std::set<std::string>& watched_;
  Product scores_, result_;
  std::optional<QuantizedValue> quantized_;  // what softmax gives
  std::array<Operand, 3> operands_;          // q, k, v
  std::string mask_, output_;
  std::vector<int64_t> result_order_;
  std::vector<Node*> swallowed_;
};

}  // namespace

int fuseAttention(Graph& graph, const std::set<std::string>& watched) {
  std::vector<Node*> nodes = graph.nodes();
  std::erase_if(nodes, [](const Node* node) { return !node->is("Softmax"); });
  int fused = 0;
  for (Node* softmax : nodes) fused += Match(graph, *softmax, watched).fuse() ? 1 : 0;
  return fused;
}

}  // namespace quant
