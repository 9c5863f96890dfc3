#include "quantizer/apply_qdq.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "quantizer/apply_levels.h"
#include "quantizer/weights.h"

namespace quant {

namespace {

/// The constants and the value that a DequantizeLinear reads.
struct QuantizedNames {
  std::string value, scale, zero_point;
};

Tensor scaleTensor(const QuantParams& params) {
  const Shape shape = params.axis() ? Shape{static_cast<int64_t>(params.scales().size())} : Shape{};
  return Tensor::of<float>(shape, params.scales());
}

Tensor zeroPointTensor(const QuantParams& params) {
  Tensor tensor(params.storage(), params.axis() ? Shape{static_cast<int64_t>(params.scales().size())} : Shape{});
  const auto* end = params.zeroPoints().data() + params.zeroPoints().size();
  if (params.storage() == DataType::kUInt8) {
    std::transform(params.zeroPoints().data(), end, tensor.data<uint8_t>().begin(),
                   [](int32_t z) { return static_cast<uint8_t>(z); });
  } else {
    std::transform(params.zeroPoints().data(), end, tensor.data<int8_t>().begin(),
                   [](int32_t z) { return static_cast<int8_t>(z); });
  }
  return tensor;
}

class Rewriter {
 public:
  Rewriter(Graph& graph, const QuantizationPlan& plan) : graph_(graph), plan_(plan) {
    for (const NodePlacement& row : plan.nodes) rows_[row.output] = &row;
  }

  void run() {
    const std::vector<Node*> nodes = graph_.nodes();  // in topological order, without those that come
    for (const NodePlacement& row : plan_.nodes) quantizeWeights(row);
    for (const auto& name : graph_.inputs()) quantizeValue(name);
    for (const Node* node : nodes) {
      const std::vector<std::string> outputs(node->proto().output().begin(), node->proto().output().end());
      for (const auto& output : outputs) quantizeValue(output);
    }
    removeAbsorbed();
    graph_.removeUnused();
    graph_.verify();
  }

 private:
  [[nodiscard]] Treatment treatmentOf(const std::string& output) const {
    const auto found = rows_.find(output);
    return found == rows_.end() ? Treatment::kFloat : found->second->treatment;
  }

  /// Nodes that this rewriter added, and int8 ones of the plan.
  [[nodiscard]] bool readsIntegers(const Node& node) const {
    const Treatment treatment = treatmentOf(node.output());
    return treatment == Treatment::kInt8 || treatment == Treatment::kMoves;
  }

  /// What is read from stored weights, or computed in float with them, is no integer.
  [[nodiscard]] bool comesFromIntegers(const std::string& value) const {
    const Node* producer = graph_.producer(value);
    if (producer == nullptr) return false;
    const Treatment treatment = treatmentOf(keyOf(*producer));
    return treatment != Treatment::kFloat && treatment != Treatment::kWeights;
  }

  std::string dequantize(const QuantizedNames& names, const std::string& result, std::optional<int64_t> axis) {
    onnx::NodeProto node = makeNode("DequantizeLinear", {names.value, names.scale, names.zero_point}, {result},
                                    result + "_DequantizeLinear");
    if (names.zero_point.empty()) node.mutable_input()->RemoveLast();
    Node& added = graph_.addNode(std::move(node));
    if (axis) added.setAttr("axis", *axis);
    return result;
  }

  // --- weights and bias -------------------------------------------------------------------------------------------

  void quantizeWeights(const NodePlacement& row) {
    const auto found = plan_.weights.find(row.output);
    if (found == plan_.weights.end()) return;
    const WeightPlan& weights = found->second;
    Node& node = *graph_.producer(row.output);
    const QuantParams& src = plan_.activations.at(node.input(0));
    graph_.setInput(node, weights.input, dequantizedWeights(weights));
    if (node.hasInput(2)) graph_.setInput(node, 2, dequantizedBias(node.input(2), src, weights));
  }

  /// Nodes that share weights and agree on the scales share the integers too.
  std::string dequantizedWeights(const WeightPlan& weights) {
    for (const auto& [plan, value] : done_weights_) {
      const bool same_integers = plan->params == weights.params && plan->integers == weights.integers;
      if (plan->constant == weights.constant && same_integers) return value;
    }
    const std::string& name = weights.constant;
    Tensor integers = Tensor::of<int8_t>(graph_.constant(name)->shape(), std::span<const int8_t>(weights.integers));
    const QuantizedNames names{graph_.addConstant(name + "_quantized", std::move(integers)),
                               graph_.addConstant(name + "_scale", scaleTensor(weights.params)),
                               graph_.addConstant(name + "_zero_point", zeroPointTensor(weights.params))};
    std::string value = dequantize(names, graph_.uniqueName(name + "_dequantized"), weights.params.axis());
    done_weights_.emplace_back(&weights, value);
    return value;
  }

  std::string dequantizedBias(const std::string& name, const QuantParams& src, const WeightPlan& weights) {
    const auto original = graph_.constant(name)->data<float>();
    const auto real = weights.bias.empty() ? original : std::span<const float>(weights.bias);
    Tensor integers = quantizeBias(real, src.scale(), weights.params.scales());
    Tensor scales(DataType::kFloat32, weights.params.axis() ? integers.shape() : Shape{});
    std::ranges::transform(weights.params.scales(), scales.data<float>().begin(),
                           [&](float scale) { return src.scale() * scale; });
    const std::string base = name + "_quantized";
    const QuantizedNames names{graph_.addConstant(base, std::move(integers)),
                               graph_.addConstant(base + "_scale", std::move(scales)), ""};
    std::optional<int64_t> axis;
    if (weights.params.axis()) axis = 0;
    return dequantize(names, graph_.uniqueName(name + "_dequantized"), axis);
  }

  // --- activations ------------------------------------------------------------------------------------------------

  /// Adds Q -> DQ behind `value` and hands the result to its readers.
  void quantizeValue(const std::string& value) {
    const auto found = plan_.activations.find(value);
    if (found == plan_.activations.end()) return;
    const bool for_all = comesFromIntegers(value);
    std::vector<Node*> readers;
    for (Node* reader : graph_.consumers(value)) {
      if (treatmentOf(reader->output()) == Treatment::kAbsorbed) continue;
      if (for_all || readsIntegers(*reader)) readers.push_back(reader);
    }
    const bool is_output = for_all && graph_.isOutput(value) && !graph_.isCaptured(value);
    if (readers.empty() && !is_output) return;

    std::string source = is_output ? renameProduced(value) : value;
    if (const auto levels = plan_.levels.find(value); levels != plan_.levels.end()) {
      const bool has_others =
          graph_.isOutput(value) || graph_.isCaptured(value) || readers.size() != graph_.consumers(value).size();
      source = divideByLevels(graph_, source, levels->second, !has_others);
    }
    const QuantizedNames names = quantizeNode(source, value, found->second);
    const std::string result = dequantize(names, is_output ? value : graph_.uniqueName(value + "_dequantized"), {});
    for (Node* reader : readers) readInstead(*reader, value, result);
  }

  /// A graph output keeps its name for what comes out last, so its producer writes another one.
  std::string renameProduced(const std::string& value) {
    Node& producer = *graph_.producer(value);
    std::string renamed = graph_.uniqueName(value + "_float");
    for (int i = 0; i < producer.outputCount(); ++i) {
      if (producer.output(i) == value) graph_.setOutput(producer, i, renamed);
    }
    if (auto row = rows_.extract(value)) {
      row.key() = renamed;
      rows_.insert(std::move(row));
    }
    return renamed;
  }

  QuantizedNames quantizeNode(const std::string& source, const std::string& value, const QuantParams& params) {
    QuantizedNames names{graph_.uniqueName(value + "_quantized"),
                         graph_.addConstant(value + "_scale", scaleTensor(params)),
                         graph_.addConstant(value + "_zero_point", zeroPointTensor(params))};
    graph_.addNode(
        makeNode("QuantizeLinear", {source, names.scale, names.zero_point}, {names.value}, value + "_QuantizeLinear"));
    return names;
  }

  void readInstead(Node& reader, const std::string& value, const std::string& by) {
    for (int i = 0; i < reader.inputCount(); ++i) {
      if (reader.input(i) == value) graph_.setInput(reader, i, by);
    }
  }

  /// Conv -> Relu -> Q   becomes   Conv -> Q: the quantization saturates where the Relu would clamp.
  void removeAbsorbed() {
    for (const auto& [result, row] : rows_) {
      if (row->treatment != Treatment::kAbsorbed) continue;
      Node& node = *graph_.producer(result);
      for (Node* reader : graph_.consumers(result)) readInstead(*reader, result, node.input(0));
      graph_.removeNode(node);
    }
  }

  Graph& graph_;
  const QuantizationPlan& plan_;
  std::map<std::string, const NodePlacement*> rows_;  // by the node's first output, renamed ones too
  std::vector<std::pair<const WeightPlan*, std::string>> done_weights_;
};

}  // namespace

void applyQdq(Graph& graph, const QuantizationPlan& plan) {
  if (graph.opset() < kQdqOpset) {
    throwInternal("quantize nodes need opset {}, the graph has {}", kQdqOpset, graph.opset());
  }
  Rewriter(graph, plan).run();
}

}  // namespace quant
