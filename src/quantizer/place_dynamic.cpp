#include "quantizer/place_dynamic.h"

#include "core/finite.h"
#include "quantizer/obstacle.h"
#include "quantizer/selection.h"

namespace quant {

namespace {

using Reason = std::optional<std::string>;

/// Below so many weights, quantizing the activation takes longer than multiplying in float, and the file gains no 3 kB.
constexpr int64_t kLeastWeights = 1024;

constexpr size_t kMatrixRank = 2;

bool isNamed(const NodeSelection& selection) {
  return !selection.include_nodes.empty() || !selection.include_ops.empty();
}

Reason obstacleInFloats(const Graph& graph, const std::string& weights) {
  if (!isFloat(graph, weights)) return fmt::format("its weights '{}' are not float", weights);
  const Tensor& tensor = *graph.constant(weights);
  if (tensor.elementCount() == 0) return fmt::format("its weights '{}' have no elements", weights);
  if (allFinite(tensor)) return {};
  return fmt::format("its weights '{}' hold NaN or infinity", weights);
}

Reason obstacleInSource(const Graph& graph, const std::string& src) {
  if (!isFloat(graph, src)) {
    return fmt::format("its input '{}' is {}, not float", src, toString(graph.valueType(src)->type));
  }
  if (graph.isConstant(src)) return fmt::format("its first operand '{}' is constant", src);
  return {};
}

Reason obstacleInGemm(const Graph& graph, const Node& node) {
  if (node.attr("transA", int64_t{0}) != 0) return "its activation is transposed (transA)";
  if (!node.hasInput(2) || node.attr("beta", 1.0F) == 1 || graph.isConstant(node.input(2))) return {};
  return "beta is not 1 and its addend is computed";
}

Reason obstacleInConv(const Graph& graph, const Node& node) {
  if (!node.hasInput(2) || graph.isConstant(node.input(2))) return {};
  return fmt::format("its bias '{}' is computed", node.input(2));
}

bool isRecurrent(const Node& node) { return node.is("LSTM") || node.is("GRU") || node.is("RNN"); }

class DynamicPlacer {
 public:
  DynamicPlacer(const Graph& graph, const Int8Options& int8, const DynamicOptions& options)
      : graph_(graph), options_(options), named_(isNamed(int8.selection)), selection_(graph, int8.selection) {}

  Placement run() && {
    for (const Node* node : graph_.nodes()) {
      NodePlacement row{keyOf(*node), node->label(), node->opType(), Treatment::kFloat, ""};
      const auto reason = reasonForFloat(*node);
      if (reason) {
        row.reason = *reason;
      } else {
        row.treatment = Treatment::kDynamic;
        if (graph_.isConstant(node->input(1))) placement_.weights[row.output] = 1;
      }
      placement_.nodes.push_back(std::move(row));
    }
    return std::move(placement_);
  }

 private:
  [[nodiscard]] Reason reasonForFloat(const Node& node) const {
    if (isRecurrent(node)) return obstacleInRecurrence(node);
    const bool is_matrix = node.is("MatMul") || node.is("Gemm");
    if (!is_matrix && !node.is("Conv")) return "has no dynamic int8 form";
    if (auto excluded = selection_.excludes(node)) return excluded;
    if (auto reason = obstacleInSource(graph_, node.input(0))) return reason;
    if (!graph_.isConstant(node.input(1))) return obstacleInTwoActivations(node);
    if (auto reason = obstacleInFloats(graph_, node.input(1))) return reason;
    if (is_matrix) return obstacleInMatrix(node);
    if (!options_.convolutions && !named_) return "a convolution; --dynamic-conv quantizes it";
    return obstacleInConv(graph_, node);
  }

  [[nodiscard]] Reason obstacleInRecurrence(const Node& node) const {
    if (auto excluded = selection_.excludes(node)) return excluded;
    if (!node.is("LSTM")) return fmt::format("no runtime computes {} on integers", node.opType());
    if (options_.format != OperatorFormat::kAuto && options_.format != OperatorFormat::kMicrosoft) {
      return "ONNX has no LSTM on integers; --format ms writes com.microsoft's";
    }
    if (node.attr("layout", int64_t{0}) != 0) return "its batch comes first (layout), which no LSTM on integers has";
    for (const int i : {1, 2}) {
      if (!graph_.isConstant(node.input(i))) return fmt::format("its weights '{}' are computed", node.input(i));
      if (auto reason = obstacleInFloats(graph_, node.input(i))) return reason;
      if (graph_.constant(node.input(i))->rank() != 3)
        return fmt::format("its weights '{}' have no three axes", node.input(i));
    }
    return {};
  }

  [[nodiscard]] Reason obstacleInTwoActivations(const Node& node) const {
    if (!node.is("MatMul")) return fmt::format("its weights '{}' are computed", node.input(1));
    if (!options_.two_activations) return "multiplies two activations; --dynamic-products quantizes them";
    return obstacleInSource(graph_, node.input(1));
  }

  [[nodiscard]] Reason obstacleInMatrix(const Node& node) const {
    const Tensor& weights = *graph_.constant(node.input(1));
    if (static_cast<size_t>(weights.rank()) < kMatrixRank) {
      return fmt::format("its weights '{}' are a vector", node.input(1));
    }
    if (weights.elementCount() < kLeastWeights && !named_) {
      return fmt::format("its {} weights are too few to gain anything", weights.elementCount());
    }
    return node.is("Gemm") ? obstacleInGemm(graph_, node) : Reason();
  }

  const Graph& graph_;
  const DynamicOptions& options_;
  bool named_;  // the user says which nodes
  Selection selection_;
  Placement placement_;
};

}  // namespace

Placement placeDynamic(const Graph& graph, const Int8Options& int8, const DynamicOptions& options) {
  return DynamicPlacer(graph, int8, options).run();
}

}  // namespace quant
