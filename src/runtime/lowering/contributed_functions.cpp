// Operators of com.microsoft that are short for a few of ONNX's own. Each rule builds those; the parts then run on
// whatever kernel is the fastest for them.
#include <algorithm>
#include <array>
#include <limits>

#include "core/error.h"
#include "runtime/lowering/contributed_rules.h"

namespace quant {

namespace {

constexpr const char* kMicrosoft = "com.microsoft";

/// Attributes of the replaced node that the last added one takes over.
void copyAttributes(Expansion& x, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto* attribute = x.node().findAttr(name)) *x.last().add_attribute() = *attribute;
  }
}

void biasGelu(Expansion& x) { x.bind(0, x.add("Gelu", {sum(x, x.node().input(0), x.node().input(1))}, kMicrosoft)); }

void fastGelu(Expansion& x) {
  const std::string y = x.add("Gelu", {sum(x, x.node().input(0), x.node().input(1))}, kMicrosoft);
  setText(x.last(), "approximate", "tanh");
  x.bind(0, y);
}

void quickGelu(Expansion& x) {
  const std::string y = x.add("Swish", {x.node().input(0)});
  setFloat(x.last(), "alpha", x.node().attr("alpha", 1.702F));
  x.bind(0, y);
}

/// The normalization of input + skip + bias, which is itself an output.
void skipNormalization(Expansion& x, const char* op_type, const char* domain, int shift, int bias) {
  const Node& node = x.node();
  const std::string whole = sum(x, sum(x, node.input(0), node.input(1)), node.input(bias));
  const std::string y = x.add(op_type, {whole, node.input(2), shift < 0 ? "" : node.input(shift)}, domain);
  setFloat(x.last(), "epsilon", node.attr("epsilon", 1e-12F));
  if (shift >= 0 && !(node.output(1).empty() && node.output(2).empty())) x.last().add_output(node.output(1));
  if (!node.output(2).empty()) x.last().add_output(node.output(2));
  x.bind(0, y);
  x.bind(3, whole);
}

void skipLayerNormalization(Expansion& x) { skipNormalization(x, "LayerNormalization", "", 3, 4); }

void skipSimplifiedLayerNormalization(Expansion& x) {
  skipNormalization(x, "SimplifiedLayerNormalization", kMicrosoft, -1, 3);
}

/// The last two axes exchanged; of a vector nothing.
std::string transposed(Expansion& x, const std::string& matrix, bool wanted) {
  if (!wanted) return matrix;
  return x.add("TransposeLastTwo", {matrix}, "quantize");
}

void fusedMatMul(Expansion& x) {
  const Node& node = x.node();
  if (node.attr("transBatchA", int64_t{0}) != 0 || node.attr("transBatchB", int64_t{0}) != 0) {
    throwUnsupported("node '{}' (FusedMatMul) transposes batches, which this program does not", node.label());
  }
  const std::string a = transposed(x, node.input(0), node.attr("transA", int64_t{0}) != 0);
  const std::string b = transposed(x, node.input(1), node.attr("transB", int64_t{0}) != 0);
  std::string y = x.add("MatMul", {a, b});
  const float alpha = node.attr("alpha", 1.0F);
  if (alpha != 1) y = x.add("Mul", {y, constantLike(x, alpha, y)});
  x.bind(0, y);
}

/// What the attribute "activation" of the fused products names, with its parameters.
std::string activated(Expansion& x, const std::string& y) {
  const Node& node = x.node();
  const std::string name = node.attr("activation", "");
  if (name.empty()) return y;
  const auto params = node.attr("activation_params", std::vector<float>());
  const auto parameter = [&](size_t i, const char* own, float fallback) {
    return i < params.size() ? params[i] : node.attr(own, fallback);
  };
  if (name == "Clip") {
    const std::string low = constantLike(x, parameter(0, "activation_alpha", std::numeric_limits<float>::lowest()), y);
    const std::string high = constantLike(x, parameter(1, "activation_beta", std::numeric_limits<float>::max()), y);
    return x.add("Max", {x.add("Min", {y, high}), low});
  }
  const std::string result = x.add(name.c_str(), {y});
  if (name == "LeakyRelu") setFloat(x.last(), "alpha", parameter(0, "activation_alpha", 0.01F));
  if (name == "HardSigmoid") {
    setFloat(x.last(), "alpha", parameter(0, "activation_alpha", 0.2F));
    setFloat(x.last(), "beta", parameter(1, "activation_beta", 0.5F));
  }
  return result;
}

void fusedGemm(Expansion& x) {
  const Node& node = x.node();
  const std::string y = x.add("Gemm", {node.input(0), node.input(1), node.input(2)});
  copyAttributes(x, {"alpha", "beta", "transA", "transB"});
  x.bind(0, activated(x, y));
}

/// activation(Conv(X, W, B) + Z).
void fusedConv(Expansion& x) {
  const Node& node = x.node();
  const std::string y = x.add("Conv", {node.input(0), node.input(1), node.input(2)});
  copyAttributes(x, {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"});
  x.bind(0, activated(x, sum(x, y, node.input(3))));
}

/// Inputs condition, then (x, scale, zero point) of both branches and the scale and zero point of the result.
void qLinearWhere(Expansion& x) {
  const Node& node = x.node();
  const std::string yes = x.add("DequantizeLinear", {node.input(1), node.input(2), node.input(3)});
  const std::string no = x.add("DequantizeLinear", {node.input(4), node.input(5), node.input(6)});
  const std::string chosen = x.add("Where", {node.input(0), yes, no});
  x.bind(0, x.add("QuantizeLinear", {chosen, node.input(7), node.input(8)}));
}

struct Rule {
  std::string_view op_type;
  ExpansionRule build;
};

constexpr std::array kRules = {
    Rule{"BiasGelu", biasGelu},
    Rule{"FastGelu", fastGelu},
    Rule{"QuickGelu", quickGelu},
    Rule{"SkipLayerNormalization", skipLayerNormalization},
    Rule{"SkipSimplifiedLayerNormalization", skipSimplifiedLayerNormalization},
    Rule{"FusedMatMul", fusedMatMul},
    Rule{"FusedGemm", fusedGemm},
    Rule{"FusedConv", fusedConv},
    Rule{"QLinearWhere", qLinearWhere},
    Rule{"Attention", attentionRule},
    Rule{"MultiHeadAttention", multiHeadAttentionRule},
    Rule{"EmbedLayerNormalization", embedLayerNormalizationRule},
    Rule{"RotaryEmbedding", rotaryEmbeddingRule},
};

}  // namespace

void setFloat(onnx::NodeProto& node, const char* name, float value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::FLOAT);
  attribute.set_f(value);
}

void setInt(onnx::NodeProto& node, const char* name, int64_t value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
}

void setInts(onnx::NodeProto& node, const char* name, const std::vector<int64_t>& values) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::INTS);
  attribute.mutable_ints()->Assign(values.begin(), values.end());
}

void setText(onnx::NodeProto& node, const char* name, const std::string& value) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::STRING);
  attribute.set_s(value);
}

std::string ints(Expansion& x, const std::vector<int64_t>& values) {
  std::string constant = x.add("Constant", {});
  setInts(x.last(), "value_ints", values);
  return constant;
}

std::string floats(Expansion& x, const std::vector<float>& values) {
  std::string constant = x.add("Constant", {});
  auto& attribute = *x.last().add_attribute();
  attribute.set_name("value_floats");
  attribute.set_type(onnx::AttributeProto::FLOATS);
  attribute.mutable_floats()->Assign(values.begin(), values.end());
  return constant;
}

std::string sum(Expansion& x, const std::string& a, const std::string& b) {
  return b.empty() ? a : x.add("Add", {a, b});
}

std::string constantLike(Expansion& x, float value, const std::string& like) {
  const std::string number = x.add("Constant", {});
  setFloat(x.last(), "value_float", value);
  return x.add("CastLike", {number, like});
}

ExpansionRule contributedFunction(const Node& node) {
  if (node.domain() == "ai.onnx.ml") return machineLearningFunction(node.opType());
  if (node.domain() != kMicrosoft) return nullptr;
  const auto* rule = std::ranges::find(kRules, node.opType(), &Rule::op_type);
  return rule == kRules.end() ? nullptr : rule->build;
}

}  // namespace quant
