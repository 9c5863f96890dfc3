#include "quantizer/obstacle.h"

#include "core/finite.h"

namespace quant {

namespace {

using Reason = std::optional<std::string>;

/// Constants with a NaN or an infinity have no scale.
Reason unusableNumbers(const Graph& graph, const std::string& value, std::string_view what) {
  const Tensor& tensor = *graph.constant(value);
  if (tensor.elementCount() == 0) return fmt::format("its {} '{}' has no elements", what, value);
  if (!allFinite(tensor)) return fmt::format("its {} '{}' holds NaN or infinity", what, value);
  return {};
}

Reason obstacleInSource(const Graph& graph, const std::string& src) {
  if (!isFloat(graph, src))
    return fmt::format("its input '{}' is {}, not float", src, toString(graph.valueType(src)->type));
  if (graph.isConstant(src)) return fmt::format("its first operand '{}' is constant", src);
  return {};
}

Reason obstacleInWeights(const Graph& graph, const Node& node) {
  const std::string& weights = node.input(1);
  if (!graph.isConstant(weights)) {
    return node.is("MatMul") ? Reason() : fmt::format("its weights '{}' are computed", weights);
  }
  if (!isFloat(graph, weights)) return fmt::format("its weights '{}' are not float", weights);
  if (node.is("MatMul") && graph.constant(weights)->rank() != 2) {
    return fmt::format("its weights '{}' are not a matrix", weights);
  }
  return unusableNumbers(graph, weights, "weight tensor");
}

Reason obstacleInBias(const Graph& graph, const Node& node) {
  if (!node.hasInput(2)) return {};
  const std::string& bias = node.input(2);
  if (!graph.isConstant(bias)) return fmt::format("its bias '{}' is computed", bias);
  if (!isFloat(graph, bias)) return fmt::format("its bias '{}' is not float", bias);
  return unusableNumbers(graph, bias, "bias");
}

/// Gemm's bias is broadcast: a column of as many elements as the result has columns is not one value for each of them.
bool isOneForEachColumn(const Shape& bias, int64_t columns) {
  const int64_t last = bias.empty() ? 1 : bias.back();
  return last == columns && elementCount(bias) == columns;
}

Reason obstacleInGemm(const Graph& graph, const Node& node) {
  const float alpha = node.attr("alpha", 1.0F);
  if (alpha != 1) return fmt::format("alpha is {}, and int8 Gemm has none", alpha);
  if (node.attr("transA", int64_t{0}) != 0) return "its activation is transposed (transA)";
  if (!node.hasInput(2)) return {};
  if (node.attr("beta", 1.0F) != 1) return "beta is not 1, and int8 Gemm has none";
  const int64_t columns = graph.constant(node.input(1))->shape()[node.attr("transB", int64_t{0}) != 0 ? 0 : 1];
  if (isOneForEachColumn(graph.constant(node.input(2))->shape(), columns)) return {};
  return "its bias is not one value for each column";
}

}  // namespace

bool isFloat(const Graph& graph, const std::string& value) {
  const auto type = graph.valueType(value);
  return !type || type->type == DataType::kFloat32;
}

std::optional<std::string> obstacleTo8Bits(const Graph& graph, const Node& node) {
  if (auto reason = obstacleInSource(graph, node.input(0))) return reason;
  if (auto reason = obstacleInWeights(graph, node)) return reason;
  if (auto reason = obstacleInBias(graph, node)) return reason;
  return node.is("Gemm") ? obstacleInGemm(graph, node) : Reason();
}

}  // namespace quant
