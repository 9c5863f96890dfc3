#include "quantizer/survey.h"

#include <algorithm>
#include <array>

#include "quantizer/selection.h"

namespace quant {

namespace {

bool isRecurrent(const Node& node) { return node.is("LSTM") || node.is("GRU") || node.is("RNN"); }

bool isConvolution(const Node& node) { return node.is("Conv") || node.is("ConvTranspose"); }

bool isAttention(const Graph& graph, const Node& node) {
  constexpr std::array kOperators = {"Attention", "MultiHeadAttention", "GroupQueryAttention"};
  if (std::ranges::any_of(kOperators, [&](const char* name) { return node.opType() == name; })) return true;
  // Softmax(q k) v
  const Node* weights = node.is("MatMul") ? graph.producer(node.input(0)) : nullptr;
  return weights != nullptr && weights->is("Softmax") && !graph.isConstant(node.input(1));
}

/// Where bytes of a float constant that `node` reads as `value` are counted.
int64_t& roleOf(WeightBytes& bytes, const Node& node, const std::string& value) {
  if (isConvolution(node) && node.input(1) == value) return bytes.convolution;
  if (isRecurrent(node)) return bytes.recurrent;
  if (node.is("Gather") && node.input(0) == value) return bytes.embedding;
  const bool is_operand = hasWeights(node) && (node.input(0) == value || node.input(1) == value);
  return is_operand ? bytes.product : bytes.other_float;
}

bool isSmallInteger(DataType type) {
  const int bits = elementBits(type);
  return bits > 0 && bits <= 8 && type != DataType::kBool;
}

void count(const Graph& graph, const std::string& name, ModelSurvey& survey) {
  const auto type = graph.valueType(name);
  if (!type || !type->isStatic()) return;
  const int64_t elements = elementCount(*type->shape);
  const int64_t bytes = elements * elementBits(type->type) / 8;
  survey.parameters += elements;
  if (isSmallInteger(type->type)) {
    survey.bytes.small_integers += bytes;
  } else if (type->type != DataType::kFloat32) {
    survey.bytes.other += bytes;
  } else {
    const auto readers = graph.consumers(name);
    if (readers.empty()) {
      survey.bytes.other_float += bytes;
    } else {
      roleOf(survey.bytes, *readers.front(), name) += bytes;
    }
  }
}

ModelKind kindOf(const Graph& graph, const WeightBytes& bytes) {
  bool has_attention = false, has_recurrence = false, has_convolution = false, has_product = false;
  for (const Node* node : graph.nodes()) {
    has_attention = has_attention || isAttention(graph, *node);
    has_recurrence = has_recurrence || isRecurrent(*node);
    has_convolution = has_convolution || isConvolution(*node);
    has_product = has_product || hasWeights(*node);
  }
  const bool mostly_convolutions = bytes.convolution > bytes.product + bytes.recurrent;
  if (has_recurrence && !mostly_convolutions) return ModelKind::kRecurrent;
  if (has_attention && !mostly_convolutions) return ModelKind::kTransformer;
  if (has_convolution) return ModelKind::kConvolutional;
  return has_product ? ModelKind::kDense : ModelKind::kOther;
}

}  // namespace

std::string_view toString(ModelKind kind) {
  switch (kind) {
    case ModelKind::kConvolutional: return "convolutional network";
    case ModelKind::kTransformer: return "transformer";
    case ModelKind::kRecurrent: return "recurrent network";
    case ModelKind::kDense: return "network of dense layers";
    case ModelKind::kOther: return "model without layers that have weights";
  }
  return {};
}

ModelSurvey surveyModel(const Graph& graph) {
  ModelSurvey survey;
  for (const auto& name : graph.constants()) count(graph, name, survey);
  survey.kind = kindOf(graph, survey.bytes);
  return survey;
}

}  // namespace quant
