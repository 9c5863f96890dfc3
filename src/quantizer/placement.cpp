#include "quantizer/placement.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "graph/clamp.h"
#include "quantizer/obstacle.h"
#include "quantizer/selection.h"

namespace quant {

namespace {

enum class Family {
  kWeighted,   ///< int8 weights, int32 accumulator
  kJoins,      ///< int8 when all it reads is int8
  kMoves,      ///< moves or picks elements of input 0
  kClamp,      ///< saturation can do its work
  kSensitive,  ///< rounding its source to 8 bits costs more accuracy than it saves time
};

struct FamilyRow {
  std::string_view op_type;
  Family family;
};

constexpr std::array kFamilies = {
    FamilyRow{"Conv", Family::kWeighted},
    FamilyRow{"ConvTranspose", Family::kWeighted},
    FamilyRow{"Gemm", Family::kWeighted},
    FamilyRow{"MatMul", Family::kWeighted},
    FamilyRow{"Add", Family::kJoins},
    FamilyRow{"Mul", Family::kJoins},
    FamilyRow{"Concat", Family::kJoins},
    FamilyRow{"AveragePool", Family::kJoins},
    FamilyRow{"GlobalAveragePool", Family::kJoins},
    FamilyRow{"Sigmoid", Family::kJoins},
    FamilyRow{"LeakyRelu", Family::kJoins},
    FamilyRow{"MaxPool", Family::kMoves},
    FamilyRow{"GlobalMaxPool", Family::kMoves},
    FamilyRow{"Reshape", Family::kMoves},
    FamilyRow{"Flatten", Family::kMoves},
    FamilyRow{"Transpose", Family::kMoves},
    FamilyRow{"Squeeze", Family::kMoves},
    FamilyRow{"Unsqueeze", Family::kMoves},
    FamilyRow{"Slice", Family::kMoves},
    FamilyRow{"Split", Family::kMoves},
    FamilyRow{"Gather", Family::kMoves},
    FamilyRow{"Identity", Family::kMoves},
    FamilyRow{"Resize", Family::kMoves},
    FamilyRow{"DepthToSpace", Family::kMoves},
    FamilyRow{"SpaceToDepth", Family::kMoves},
    FamilyRow{"Expand", Family::kMoves},
    FamilyRow{"Tile", Family::kMoves},
    FamilyRow{"Relu", Family::kClamp},
    FamilyRow{"Clip", Family::kClamp},
    FamilyRow{"Softmax", Family::kSensitive},
    FamilyRow{"LogSoftmax", Family::kSensitive},
    FamilyRow{"LayerNormalization", Family::kSensitive},
    FamilyRow{"InstanceNormalization", Family::kSensitive},
    FamilyRow{"GroupNormalization", Family::kSensitive},
    FamilyRow{"RMSNormalization", Family::kSensitive},
    FamilyRow{"BatchNormalization", Family::kSensitive},
    FamilyRow{"LpNormalization", Family::kSensitive},
    FamilyRow{"LRN", Family::kSensitive},
    FamilyRow{"Exp", Family::kSensitive},
    FamilyRow{"Log", Family::kSensitive},
    FamilyRow{"Pow", Family::kSensitive},
    FamilyRow{"Div", Family::kSensitive},
    FamilyRow{"Sqrt", Family::kSensitive},
};

std::optional<Family> familyOf(const Node& node) {
  if (!node.domain().empty()) return {};
  const auto* row = std::ranges::find(kFamilies, std::string_view(node.opType()), &FamilyRow::op_type);
  return row == kFamilies.end() ? std::nullopt : std::optional(row->family);
}

bool touchesQuantized(const Graph& graph, const Node& node) {
  for (int i = 0; i < node.inputCount(); ++i) {
    const Node* producer = graph.producer(node.input(i));
    if (producer != nullptr && producer->is("DequantizeLinear")) return true;
  }
  return std::ranges::any_of(graph.consumers(node.output()),
                             [](const Node* reader) { return reader->is("QuantizeLinear"); });
}

class Placer {
 public:
  Placer(const Graph& graph, const Int8Options& options)
      : graph_(graph), options_(options), selection_(graph, options.selection), nodes_(graph.nodes()) {}

  Placement run() && {
    for (const Node* node : nodes_) row(*node) = {keyOf(*node), node->label(), node->opType(), Treatment::kFloat, ""};
    for (const Node* node : nodes_) placeWeighted(*node);
    for (const Node* node : nodes_) placeOther(*node);
    for (const Node* node : nodes_) shareWithConcat(*node);
    for (const Node* node : nodes_) placement_.nodes.push_back(std::move(row(*node)));
    return std::move(placement_);
  }

 private:
  NodePlacement& row(const Node& node) { return rows_[&node]; }
  [[nodiscard]] bool isInt8(const std::string& value) const { return placement_.values.contains(value); }
  void need(const std::string& value) { placement_.values.emplace(value, value); }

  void stayFloat(const Node& node, std::string reason) {
    row(node).treatment = Treatment::kFloat;
    row(node).reason = std::move(reason);
  }

  /// Common reasons to leave a node alone.
  bool isLeftAlone(const Node& node) {
    if (const auto excluded = selection_.excludes(node)) {
      stayFloat(node, *excluded);
      return true;
    }
    if (touchesQuantized(graph_, node)) {
      stayFloat(node, "already quantized in the model, kept as it is");
      return true;
    }
    return false;
  }

  void placeWeighted(const Node& node) {
    if (familyOf(node) != Family::kWeighted || isLeftAlone(node)) return;
    if (const auto reason = obstacleTo8Bits(graph_, node)) return stayFloat(node, *reason);
    row(node).treatment = Treatment::kInt8;
    need(node.input(0));
    if (graph_.isConstant(node.input(1))) {
      placement_.weights[node.output()] = 1;
    } else {
      need(node.input(1));
    }
    // Gemm and MatMul can write float from their accumulators, Conv in most runtimes cannot.
    if (node.is("Conv") || node.is("ConvTranspose")) need(resultOf(node));
  }

  /// The value that holds the node's result once the clamp behind it is absorbed.
  const std::string& resultOf(const Node& node) {
    const std::string& output = node.output();
    if (!canAbsorb() || !graph_.hasSingleUse(output)) return output;
    const Node& reader = *graph_.consumers(output).front();
    const auto clamp = clampOf(graph_, reader);
    if (!clamp || clamp->low > 0 || clamp->high < 0 || graph_.isCaptured(reader.output())) return output;
    if (isLeftAlone(reader)) return output;
    row(reader).treatment = Treatment::kAbsorbed;
    row(reader).reason = fmt::format("the saturation of '{}' does the same", reader.output());
    return reader.output();
  }

  /// A range that starts at zero saturates at zero only if the storage has no room below it.
  [[nodiscard]] bool canAbsorb() const {
    return !options_.symmetric_activations || options_.activation_type == DataType::kUInt8;
  }

  void placeOther(const Node& node) {
    const auto family = familyOf(node);
    if (family == Family::kWeighted) return absorbBehindMatrix(node);
    if (row(node).treatment == Treatment::kAbsorbed || isLeftAlone(node)) return;
    if (!family)
      return stayFloat(node, node.domain().empty() ? "has no int8 form" : "is an operator of another domain");
    switch (*family) {
      case Family::kWeighted: break;
      case Family::kSensitive: return stayFloat(node, "sensitive to rounding, kept in float");
      case Family::kJoins: return placeJoin(node, node.inputCount());
      case Family::kClamp: return placeJoin(node, 1);
      case Family::kMoves: return placeMove(node);
    }
  }

  /// Gemm -> Relu -> Gemm: the first Gemm's result is quantized because the second one reads it.
  void absorbBehindMatrix(const Node& node) {
    if (row(node).treatment != Treatment::kInt8 || !canAbsorb() || !graph_.hasSingleUse(node.output())) return;
    const Node& reader = *graph_.consumers(node.output()).front();
    if (familyOf(reader) == Family::kClamp && isInt8(reader.output())) resultOf(node);
  }

  /// Int8 when its first `operands` inputs are.
  void placeJoin(const Node& node, int operands) {
    for (int i = 0; i < operands; ++i) {
      const std::string& value = node.input(i);
      if (graph_.isConstant(value)) return stayFloat(node, fmt::format("its operand '{}' is constant", value));
      if (!isInt8(value)) return stayFloat(node, fmt::format("its input '{}' is computed in float", value));
    }
    row(node).treatment = Treatment::kInt8;
    row(node).reason = "all that it reads is int8";
    need(resultOf(node));
  }

  void placeMove(const Node& node) {
    const std::string& source = node.input(0);
    if (!isFloat(graph_, source)) return stayFloat(node, "does not compute on float");
    if (graph_.isConstant(source)) return stayFloat(node, fmt::format("its input '{}' is constant", source));
    if (!isInt8(source)) return stayFloat(node, fmt::format("its input '{}' is computed in float", source));
    if (node.is("MaxPool") && node.outputCount() > 1) return stayFloat(node, "its indices are read");
    if (node.is("Resize") && node.attr("mode", "nearest") == "cubic") return placeJoin(node, 1);  // it overshoots
    row(node).treatment = Treatment::kMoves;
    row(node).reason = fmt::format("shares the parameters of '{}'", source);
    for (const auto& output : node.proto().output()) {
      if (!output.empty()) placement_.values[output] = placement_.values.at(source);
    }
  }

  /// Sources that only this Concat reads take its result's parameters, so that joining them copies bytes.
  void shareWithConcat(const Node& node) {
    if (!node.is("Concat") || row(node).treatment != Treatment::kInt8) return;
    for (int i = 0; i < node.inputCount(); ++i) {
      const std::string& value = node.input(i);
      const Node* producer = graph_.producer(value);
      const bool is_own = placement_.values.at(value) == value;
      if (producer != nullptr && is_own && graph_.hasSingleUse(value) && !familyIsMoves(*producer)) {
        placement_.values[value] = placement_.values.at(node.output());
      }
    }
  }

  static bool familyIsMoves(const Node& node) { return familyOf(node) == Family::kMoves; }

  const Graph& graph_;
  const Int8Options& options_;
  Selection selection_;
  std::vector<const Node*> nodes_;
  std::map<const Node*, NodePlacement> rows_;
  Placement placement_;
};

}  // namespace

const std::string& keyOf(const Node& node) {
  int index = 0;
  while (index + 1 < node.outputCount() && node.output(index).empty()) ++index;
  return node.output(index);
}

const NodePlacement& Placement::node(const std::string& output) const {
  const auto found = std::ranges::find(nodes, output, &NodePlacement::output);
  if (found == nodes.end()) throwInternal("the plan has no node that produces '{}'", output);
  return *found;
}

Placement place(const Graph& graph, const Int8Options& options) { return Placer(graph, options).run(); }

std::set<std::string> watchList(const Placement& placement) {
  std::set<std::string> values;
  for (const auto& [value, root] : placement.values) values.insert(root);
  // Whether the parameters of its root can stand for an absorbed clamp is known only once they are.
  for (const NodePlacement& row : placement.nodes) {
    if (row.treatment == Treatment::kAbsorbed) values.insert(row.output);
  }
  return values;
}

}  // namespace quant
