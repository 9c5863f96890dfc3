#include "quantizer/plan_float16.h"

#include <algorithm>

#include "quantizer/body_slots.h"
#include "quantizer/delicate_ops.h"
#include "quantizer/minimum_cut.h"

namespace quant {

namespace {

using Actor = FloatNetwork::Actor;
using Value = FloatNetwork::Value;
constexpr size_t kNone = FloatNetwork::kNone;

// Prices of casts and of nodes in float32, to each other. A cast reads and writes a whole value; a node that only moves
// or combines elements costs less than that.
constexpr int64_t kCast = 4, kLightNode = 3, kProduct = 400, kWeights = 4000;
constexpr int64_t kLargeConstant = 1024;

/// What it costs that an actor is float32 though it need not be.
int64_t priceOf(const Actor& actor, const FloatNetwork& network) {
  if (actor.kind == Actor::Kind::kInput || actor.kind == Actor::Kind::kOutput) return MinimumCut::kNever;
  if (actor.writes.empty()) return 0;
  for (const size_t source : actor.reads) {
    const auto& constant = network.values()[source].constant;
    if (constant && constant->elementCount() > kLargeConstant) return kWeights;
  }
  if (actor.kind == Actor::Kind::kNode && isProduct(actor.node->op_type())) return kProduct;
  return kLightNode;
}

/// For each actor, whether it is float32: source = float32, sink = half.
std::vector<bool> fewestCasts(const FloatNetwork& network, const std::vector<std::string>& reasons) {
  const size_t actors = network.actors().size(), float32 = actors, half = actors + 1;
  MinimumCut cut(actors + 2);
  for (size_t i = 0; i < actors; ++i) {
    if (!reasons[i].empty()) {
      cut.addEdge(float32, i, MinimumCut::kNever);
    } else {
      cut.addEdge(i, half, priceOf(network.actors()[i], network));
    }
  }
  for (const Value& value : network.values()) {
    if (value.writer == kNone || (value.readers.empty() && !value.is_read_as_float)) continue;
    // Paid once, whoever reads: half -> float32, and float32 -> half.
    const size_t to_float = cut.addNode(), to_half = cut.addNode();
    cut.addEdge(to_float, value.writer, kCast);
    cut.addEdge(value.writer, to_half, kCast);
    for (const size_t reader : value.readers) {
      cut.addEdge(reader, to_float, MinimumCut::kNever);
      cut.addEdge(to_half, reader, MinimumCut::kNever);
    }
    if (value.is_read_as_float) cut.addEdge(float32, to_float, MinimumCut::kNever);
  }
  auto side = cut.sourceSide(float32, half);
  side.resize(actors);
  return side;
}

class Planner {
 public:
  Planner(const Graph& graph, const FloatNetwork& network, HalfVerdict verdict, DataType half)
      : graph_(graph),
        network_(network),
        verdict_(std::move(verdict)),
        is_float_(fewestCasts(network, verdict_.reasons)) {
    plan_.half.type = half;
  }

  QuantizationPlan run() {
    for (size_t i = 0; i < network_.values().size(); ++i) {
      const Value& value = network_.values()[i];
      plan_.half.values[value.key] = storageOf(value);
      if (isWindows(i)) plan_.half.diffused.insert(value.key);
    }
    for (size_t i = 0; i < network_.actors().size(); ++i) describe(i);
    plan_.warnings = std::move(verdict_.warnings);
    return std::move(plan_);
  }

 private:
  [[nodiscard]] HalfStorage storageOf(const Value& value) const {
    if (value.writer != kNone) return is_float_[value.writer] ? HalfStorage::kFloat32 : HalfStorage::kHalf;
    bool by_float = value.is_read_as_float, by_half = false;
    for (const size_t reader : value.readers) (is_float_[reader] ? by_float : by_half) = true;
    if (!by_half) return HalfStorage::kFloat32;
    return by_float ? HalfStorage::kBoth : HalfStorage::kHalf;
  }

  /// True for weights that convolutions of half precision, and nothing else, read as their windows.
  [[nodiscard]] bool isWindows(size_t index) const {
    const Value& value = network_.values()[index];
    if (!value.constant || value.constant->rank() < 3 || storageOf(value) == HalfStorage::kFloat32) return false;
    return std::ranges::all_of(value.readers, [&](size_t reader) {
      const Actor& actor = network_.actors()[reader];
      return is_float_[reader] || (actor.kind == Actor::Kind::kNode && actor.node->op_type() == "Conv" &&
                                   actor.inputs[1] == index && actor.inputs[0] != index);
    });
  }

  void describe(size_t index) {
    const Actor& actor = network_.actors()[index];
    switch (actor.kind) {
      case Actor::Kind::kInput:
      case Actor::Kind::kFloat32: break;
      case Actor::Kind::kOutput:
        if (!is_float_[index]) plan_.half.half_outputs.insert(actor.key);
        break;
      case Actor::Kind::kSlot:
        if (!is_float_[index]) plan_.half.half_slots.insert(actor.key);
        describeSlot(index);
        break;
      case Actor::Kind::kNode: describeNode(index); break;
    }
  }

  /// A node with bodies has one row, half as soon as one of its slots is.
  void describeSlot(size_t index) {
    const Actor& actor = network_.actors()[index];
    if (actor.reads.empty() && actor.writes.empty()) return;
    const std::string key = actor.key.substr(0, actor.key.rfind("/#"));
    const auto treatment = is_float_[index] ? Treatment::kFloat : Treatment::kHalf;
    if (!plan_.nodes.empty() && plan_.nodes.back().output == key) {
      if (treatment == Treatment::kHalf) plan_.nodes.back().treatment = treatment;
      if (plan_.nodes.back().reason.empty()) plan_.nodes.back().reason = reasonOf(index);
      return;
    }
    plan_.nodes.push_back({key, actor.label, actor.node->op_type(), treatment, reasonOf(index)});
  }

  void describeNode(size_t index) {
    const Actor& actor = network_.actors()[index];
    if (isSpareCast(actor, index)) {
      plan_.nodes.push_back({actor.key, actor.label, "Cast", Treatment::kAbsorbed, "its input has the type already"});
      return;
    }
    const bool touches_floats = !actor.reads.empty() || !actor.writes.empty() ||
                                std::ranges::any_of(actor.inputs, [](size_t value) { return value != kNone; });
    if (!touches_floats) return;
    const auto treatment = is_float_[index] ? Treatment::kFloat : Treatment::kHalf;
    plan_.nodes.push_back({actor.key, actor.label, actor.node->op_type(), treatment, reasonOf(index)});
  }

  [[nodiscard]] std::string reasonOf(size_t index) const {
    if (!is_float_[index]) return verdict_.notes[index];
    if (!verdict_.reasons[index].empty()) return verdict_.reasons[index];
    return "stands between float32 values: half precision here would only add casts";
  }

  /// A Cast between float32 and the half type whose two sides become one. Casts that give an output keep it.
  [[nodiscard]] bool isSpareCast(const Actor& actor, size_t index) const {
    if (actor.node->op_type() != "Cast" || !actor.node->domain().empty()) return false;
    const Node* node = graph_.producer(actor.node->output(0));
    if (node == nullptr || &node->proto() != actor.node || graph_.isOutput(node->output())) return false;
    if (actor.outputs[0] != kNone) return actor.input_types[0] == plan_.half.type && !is_float_[index];
    if (actor.inputs[0] == kNone || node->attr("to", int64_t{0}) != static_cast<int64_t>(plan_.half.type)) return false;
    return storageOf(network_.values()[actor.inputs[0]]) == HalfStorage::kHalf;
  }

  const Graph& graph_;
  const FloatNetwork& network_;
  HalfVerdict verdict_;
  std::vector<bool> is_float_;
  QuantizationPlan plan_;
};

int64_t highestOpset(const onnx::NodeProto& node, int64_t opset, DataType half) {
  int64_t highest = opset;
  if (node.domain().empty() || node.domain() == "ai.onnx") {
    highest = std::max(highest, opsetForHalf(node.op_type(), opset, half));
  }
  for (const auto& body : bodiesOf(node)) {
    for (const auto& inner : body.graph->node()) highest = std::max(highest, highestOpset(inner, opset, half));
  }
  return highest;
}

}  // namespace

int64_t opsetForHalf(const Graph& graph, DataType half) {
  const int64_t opset = graph.opset();
  int64_t highest = opset;
  for (const Node* node : graph.nodes()) highest = std::max(highest, highestOpset(node->proto(), opset, half));
  return highest;
}

QuantizationPlan planFloat16(const Graph& graph, const RangeTable* ranges, const HalfOptions& options,
                             const std::map<std::string, std::string>& known) {
  const FloatNetwork network(graph, options.type);
  return Planner(graph, network, judgeHalf(network, graph, ranges, options, known), options.type).run();
}

}  // namespace quant
