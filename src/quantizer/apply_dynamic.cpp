#include "quantizer/apply_dynamic.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "quantizer/apply_levels.h"

namespace quant {

namespace {

/// The values that stand for a quantized operand; no zero point where it is 0.
struct Operand {
  std::string value, scale, zero_point;
};

/// [columns, depth] -> [depth, columns]
std::vector<int8_t> transposed(const std::vector<int8_t>& weights, size_t columns, size_t depth) {
  std::vector<int8_t> result(weights.size());
  for (size_t column = 0; column < columns; ++column) {
    for (size_t k = 0; k < depth; ++k) result[k * columns + column] = weights[column * depth + k];
  }
  return result;
}

Tensor scaled(const Tensor& tensor, float factor) {
  Tensor result(DataType::kFloat32, tensor.shape());
  std::ranges::transform(tensor.data<float>(), result.data<float>().begin(), [=](float x) { return x * factor; });
  return result;
}

bool isTransposedGemm(const Node& node) { return node.is("Gemm") && node.attr("transB", int64_t{0}) != 0; }

void removeAttribute(onnx::NodeProto& node, std::string_view name) {
  auto& attributes = *node.mutable_attribute();
  attributes.erase(std::remove_if(attributes.begin(), attributes.end(),
                                  [&](const auto& attribute) { return attribute.name() == name; }),
                   attributes.end());
}

/// One value for each output channel, as it is multiplied or added to a convolution's result.
Shape channelShape(const Shape& weights) {
  Shape shape(weights.size() - 1, 1);
  shape[0] = weights[0];
  return shape;
}

class DynamicRewriter {
 public:
  DynamicRewriter(Graph& graph, const QuantizationPlan& plan) : graph_(graph), plan_(plan) {}

  void run() {
    for (const NodePlacement& row : plan_.nodes) {
      if (row.treatment == Treatment::kDynamic) dynamic_.push_back(row.output);
    }
    for (const std::string& output : dynamic_) rewrite(*graph_.producer(output), output);
    graph_.removeUnused();
    graph_.verify();
  }

 private:
  // --- activations --------------------------------------------------------------------------------------------------

  const Operand& quantized(const std::string& value) {
    const auto [found, is_new] = activations_.try_emplace(value);
    if (!is_new) return found->second;
    Operand& operand = found->second;
    operand = {graph_.uniqueName(value + "_quantized"), graph_.uniqueName(value + "_scale"),
               graph_.uniqueName(value + "_zero_point")};
    graph_.addNode(makeNode("DynamicQuantizeLinear", {levelled(value)},
                            {operand.value, operand.scale, operand.zero_point}, value + "_DynamicQuantizeLinear"));
    return operand;
  }

  std::string levelled(const std::string& value) {
    const auto found = plan_.levels.find(value);
    if (found == plan_.levels.end()) return value;
    const bool is_only_here = !graph_.isOutput(value) && !graph_.isCaptured(value);
    return divideByLevels(graph_, value, found->second, is_only_here && areAllDynamic(graph_.consumers(value)));
  }

  [[nodiscard]] bool areAllDynamic(const std::vector<Node*>& readers) const {
    return std::ranges::all_of(readers, [&](const Node* reader) {
      return plan_.weights.contains(reader->output()) &&
             std::ranges::find(dynamic_, reader->output()) != dynamic_.end();
    });
  }

  // --- weights ------------------------------------------------------------------------------------------------------

  /// Nodes that share weights and agree on the integers share them in the file too.
  std::string integers(const Node& node, const WeightPlan& weights) {
    const bool turned = isTransposedGemm(node), is_unsigned = node.is("Conv");
    for (const auto& done : done_weights_) {
      const bool is_alike = done.turned == turned && done.is_unsigned == is_unsigned;
      if (is_alike && done.plan->constant == weights.constant && done.plan->integers == weights.integers) {
        return done.name;
      }
    }
    const Shape& shape = graph_.constant(weights.constant)->shape();
    Tensor tensor = is_unsigned ? unsignedIntegers(weights, shape) : signedIntegers(weights, shape, turned);
    std::string name = graph_.addConstant(weights.constant + "_quantized", std::move(tensor));
    done_weights_.push_back({&weights, turned, is_unsigned, name});
    return name;
  }

  static Tensor signedIntegers(const WeightPlan& weights, const Shape& shape, bool turned) {
    if (!turned) return Tensor::of<int8_t>(shape, std::span<const int8_t>(weights.integers));
    const auto columns = static_cast<size_t>(shape[0]), depth = static_cast<size_t>(shape[1]);
    return Tensor::of<int8_t>({shape[1], shape[0]},
                              std::span<const int8_t>(transposed(weights.integers, columns, depth)));
  }

  /// onnxruntime's ConvInteger takes only unsigned weights, with one zero point for all of them.
  static Tensor unsignedIntegers(const WeightPlan& weights, const Shape& shape) {
    Tensor tensor(DataType::kUInt8, shape);
    std::ranges::transform(weights.integers, tensor.data<uint8_t>().begin(),
                           [](int8_t q) { return static_cast<uint8_t>(q + kUnsignedZeroPoint); });
    return tensor;
  }

  /// The scales, times `factor`, in a shape that meets the sums' output channels.
  std::string scales(const WeightPlan& weights, float factor, const Shape& shape) {
    Tensor tensor = Tensor::of<float>(weights.params.axis() ? shape : Shape{}, weights.params.scales());
    if (factor != 1) tensor = scaled(tensor, factor);
    return graph_.addConstant(weights.constant + "_scale", std::move(tensor));
  }

  // --- nodes --------------------------------------------------------------------------------------------------------

  /// A node that is to stand in the place of the one that is rewritten.
  std::string add(std::string_view op_type, const std::vector<std::string>& inputs, const std::string& wanted) {
    std::string output = wanted == result_ ? wanted : graph_.uniqueName(wanted);
    new_nodes_.push_back(makeNode(op_type, inputs, {output}, base_ + "_" + std::string(op_type)));
    return output;
  }

  void rewrite(Node& node, const std::string& key) {
    if (node.is("LSTM")) return rewriteLstm(node, plan_.weights.at(key), plan_.recurrences.at(key));
    base_ = node.name().empty() ? node.output() : node.name();
    result_ = node.output();
    new_nodes_.clear();
    node.is("Conv") ? rewriteConv(node) : rewriteMatrix(node);
    graph_.replaceNode(node, std::move(new_nodes_));
  }

  /// y = sums * (src_scale * weight_scale) [+ addend]
  void scaleSums(const std::string& sums, const std::string& src_scale, const std::string& weight_scale,
                 const std::string& addend) {
    const std::string reals = add("Cast", {sums}, result_ + "_sums_float");
    new_nodes_.back().add_attribute()->CopyFrom(castToFloat());
    const std::string scale = add("Mul", {src_scale, weight_scale}, result_ + "_scales");
    new_nodes_.back().set_name(base_ + "_scales_Mul");
    if (addend.empty()) {
      add("Mul", {reals, scale}, result_);
      return;
    }
    const std::string product = add("Mul", {reals, scale}, result_ + "_product");
    add("Add", {product, addend}, result_);
  }

  static onnx::AttributeProto castToFloat() {
    onnx::AttributeProto to;
    to.set_name("to");
    to.set_type(onnx::AttributeProto::INT);
    to.set_i(onnx::TensorProto::FLOAT);
    return to;
  }

  void rewriteMatrix(const Node& node) {
    const Operand a = quantized(node.input(0));
    const auto weights = plan_.weights.find(node.output());
    Operand b;
    if (weights != plan_.weights.end()) {
      const WeightPlan& plan = weights->second;
      const Shape columns{static_cast<int64_t>(plan.params.scales().size())};
      b = {integers(node, plan), scales(plan, node.attr("alpha", 1.0F), columns), ""};
    } else {
      b = quantized(node.input(1));
    }
    std::vector<std::string> inputs{a.value, b.value, a.zero_point};
    if (!b.zero_point.empty()) inputs.push_back(b.zero_point);
    const std::string sums = add("MatMulInteger", inputs, result_ + "_sums");
    scaleSums(sums, a.scale, b.scale, node.is("Gemm") ? addendOf(node) : "");
  }

  std::string addendOf(const Node& gemm) {
    if (!gemm.hasInput(2)) return "";
    const float beta = gemm.attr("beta", 1.0F);
    const std::string& addend = gemm.input(2);
    return beta == 1 ? addend : graph_.addConstant(addend + "_scaled", scaled(*graph_.constant(addend), beta));
  }

  void rewriteConv(const Node& node) {
    const Operand src = quantized(node.input(0));
    const WeightPlan& weights = plan_.weights.at(node.output());
    const Shape shape = channelShape(graph_.constant(weights.constant)->shape());
    const std::string zero_point =
        graph_.addConstant(weights.constant + "_zero_point", Tensor::scalar<uint8_t>(kUnsignedZeroPoint));
    const std::string sums =
        add("ConvInteger", {src.value, integers(node, weights), src.zero_point, zero_point}, result_ + "_sums");
    new_nodes_.back().mutable_attribute()->CopyFrom(node.proto().attribute());
    std::string bias;
    if (node.hasInput(2)) {
      bias = graph_.addConstant(node.input(2) + "_row", graph_.constant(node.input(2))->alias(shape));
    }
    scaleSums(sums, src.scale, scales(weights, 1, shape), bias);
  }

  // --- LSTM ---------------------------------------------------------------------------------------------------------

  //   LSTM(X, W, R, B, ...)    becomes    DynamicQuantizeLSTM(X, W8, R8, B, ..., W scale and zero point, R ...)
  //
  // with weights [directions, inputs, gates], turned around.
  void rewriteLstm(Node& node, const WeightPlan& weights, const WeightPlan& recurrence) {
    onnx::NodeProto proto = node.proto();
    proto.set_op_type("DynamicQuantizeLSTM");
    proto.set_domain(std::string(kMicrosoft));
    while (proto.input_size() < kLstmInputs) proto.add_input("");
    removeAttribute(proto, "layout");  // which it does not have, not even with the value that it means
    putGates(proto, 1, weights);
    putGates(proto, 2, recurrence);
    if (graph_.opset(kMicrosoft) == 0) graph_.setOpset(kMicrosoft, 1);
    graph_.replaceNode(node, {std::move(proto)});
  }

  void putGates(onnx::NodeProto& lstm, int input, const WeightPlan& weights) {
    const Shape& shape = graph_.constant(weights.constant)->shape();
    const auto directions = static_cast<size_t>(shape[0]), gates = static_cast<size_t>(shape[1]),
               inputs = static_cast<size_t>(shape[2]);
    std::vector<int8_t> turned;
    for (size_t direction = 0; direction < directions; ++direction) {
      const auto first = weights.integers.begin() + static_cast<std::ptrdiff_t>(direction * gates * inputs);
      const auto part = transposed({first, first + static_cast<std::ptrdiff_t>(gates * inputs)}, gates, inputs);
      turned.insert(turned.end(), part.begin(), part.end());
    }
    std::vector<float> scale(weights.params.scales().begin(), weights.params.scales().end());
    scale.resize(directions * gates, scale[0]);
    lstm.set_input(
        input, graph_.addConstant(weights.constant + "_quantized",
                                  Tensor::of<int8_t>({shape[0], shape[2], shape[1]}, std::span<const int8_t>(turned))));
    lstm.set_input(kLstmScales + 2 * (input - 1),
                   graph_.addConstant(weights.constant + "_scale",
                                      Tensor::of<float>({shape[0], shape[1]}, std::span<const float>(scale))));
    Tensor zeros(DataType::kInt8, {shape[0], shape[1]});
    std::ranges::fill(zeros.data<int8_t>(), int8_t{0});
    lstm.set_input(kLstmScales + 2 * (input - 1) + 1,
                   graph_.addConstant(weights.constant + "_zero_point", std::move(zeros)));
  }

  static constexpr std::string_view kMicrosoft = "com.microsoft";
  static constexpr int kLstmScales = 8, kLstmInputs = 12;
  static constexpr uint8_t kUnsignedZeroPoint = 128;

  struct DoneWeights {
    const WeightPlan* plan;
    bool turned, is_unsigned;
    std::string name;
  };

  Graph& graph_;
  const QuantizationPlan& plan_;
  std::vector<std::string> dynamic_;  // first outputs of the nodes to rewrite
  std::map<std::string, Operand> activations_;
  std::vector<DoneWeights> done_weights_;
  // Of the node that is rewritten:
  std::string base_, result_;
  std::vector<onnx::NodeProto> new_nodes_;
};

}  // namespace

void applyDynamic(Graph& graph, const QuantizationPlan& plan) {
  if (graph.opset() < kDynamicOpset) {
    throwInternal("DynamicQuantizeLinear needs opset {}, the graph has {}", kDynamicOpset, graph.opset());
  }
  DynamicRewriter(graph, plan).run();
}

}  // namespace quant
