// Operators of ai.onnx.ml, as scikit-learn's pipelines become them, that are short for a few of ONNX's own.
#include <algorithm>
#include <array>

#include "runtime/lowering/contributed_rules.h"

namespace quant {

namespace {

std::string asFloat(Expansion& x, const std::string& value) {
  const std::string y = x.add("Cast", {value});
  setInt(x.last(), "to", onnx::TensorProto::FLOAT);
  return y;
}

/// (X - offset) * scale, with a value for each column, or one for all.
void scaler(Expansion& x) {
  const Node& node = x.node();
  std::string y = asFloat(x, node.input(0));
  const auto offset = node.attr("offset", std::vector<float>()), scale = node.attr("scale", std::vector<float>());
  if (!offset.empty()) y = x.add("Sub", {y, floats(x, offset)});
  if (!scale.empty()) y = x.add("Mul", {y, floats(x, scale)});
  x.bind(0, y);
}

/// The columns of X that Y names; of a vector, a row.
void arrayFeatureExtractor(Expansion& x) {
  const Node& node = x.node();
  const int64_t rank = x.rankOf(node.input(0));
  if (rank < 1) return x.decline();
  const std::string columns = x.add("Reshape", {node.input(1), ints(x, {-1})});
  std::string y = x.add("Gather", {node.input(0), columns});
  setInt(x.last(), "axis", rank - 1);
  if (rank == 1) y = x.add("Reshape", {y, ints(x, {1, -1})});
  x.bind(0, y);
}

/// Rows of length 1, as "norm" measures it.
void normalizer(Expansion& x) {
  const Node& node = x.node();
  const std::string norm = node.attr("norm", "MAX");
  if (norm != "L1" && norm != "L2") return x.decline();
  const std::string y = x.add("LpNormalization", {asFloat(x, node.input(0))});
  setInt(x.last(), "axis", -1);
  setInt(x.last(), "p", norm == "L1" ? 1 : 2);
  x.bind(0, y);
}

struct Rule {
  std::string_view op_type;
  ExpansionRule build;
};

constexpr std::array kRules = {
    Rule{"Scaler", scaler},
    Rule{"ArrayFeatureExtractor", arrayFeatureExtractor},
    Rule{"Normalizer", normalizer},
};

}  // namespace

ExpansionRule machineLearningFunction(const std::string& op_type) {
  const auto* rule = std::ranges::find(kRules, op_type, &Rule::op_type);
  return rule == kRules.end() ? nullptr : rule->build;
}

}  // namespace quant
