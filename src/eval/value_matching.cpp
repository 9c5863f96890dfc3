#include "eval/value_matching.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "eval/as_float.h"
#include "runtime/lowering/quantized_value.h"

namespace quant {

namespace {

struct Meaning {
  std::string_view op_type, computes;
};

/// Operators on integers, and the operator on reals that each computes.
constexpr std::array kMeanings = {
    Meaning{"QLinearConv", "Conv"},
    Meaning{"ConvInteger", "Conv"},
    Meaning{"QLinearMatMul", "MatMul"},
    Meaning{"MatMulInteger", "MatMul"},
    Meaning{"MatMulNBits", "MatMul"},
    Meaning{"DynamicQuantizeMatMul", "MatMul"},
    Meaning{"MatMulIntegerToFloat", "MatMul"},
    Meaning{"QGemm", "Gemm"},
    Meaning{"QLinearAdd", "Add"},
    Meaning{"QLinearMul", "Mul"},
    Meaning{"QLinearSigmoid", "Sigmoid"},
    Meaning{"QLinearLeakyRelu", "LeakyRelu"},
    Meaning{"QLinearSoftmax", "Softmax"},
    Meaning{"QLinearConcat", "Concat"},
    Meaning{"QLinearAveragePool", "AveragePool"},
    Meaning{"QLinearGlobalAveragePool", "GlobalAveragePool"},
    Meaning{"DynamicQuantizeLSTM", "LSTM"},
};

std::string_view meaningOf(const Node& node) {
  const auto* found = std::ranges::find(kMeanings, std::string_view(node.opType()), &Meaning::op_type);
  return found == kMeanings.end() ? std::string_view(node.opType()) : found->computes;
}

bool isFloat(const Graph& graph, const std::string& value) {
  const auto type = graph.valueType(value);
  return type && isFloatingPoint(type->type);
}

/// True for a node whose result is its input 0, but for how it is stored.
bool isTransparent(const Graph& graph, const Node& node) {
  if (node.is("QuantizeLinear") || node.is("DequantizeLinear") || node.is("DynamicQuantizeLinear")) return true;
  if (node.is("Identity") || node.is("Dropout")) return true;
  return node.is("Cast") && isFloat(graph, node.input(0)) && isFloat(graph, node.output());
}

/// Changes that a quantization may absorb: it saturates where they clamp.
bool mayBeAbsorbed(const Node& node) { return node.is("Relu") || node.is("Clip"); }

/// A graph whose values are told apart by what computes them.
class Network {
 public:
  explicit Network(const Graph& graph) : graph_(graph.clone()) {
    const Graph& fixed = graph_;
    for (const Node* node : fixed.nodes()) {
      nodes_.push_back(node);
      const std::string from = node->inputCount() > 0 ? rootOf(node->input(0)) : "";
      const bool transparent = node->inputCount() > 0 && isTransparent(fixed, *node);
      for (int i = 0; i < node->outputCount(); ++i) {
        const std::string& output = node->output(i);
        if (output.empty()) continue;
        const bool is_parameter = transparent && i > 0;  // scale and zero point of a DynamicQuantizeLinear
        roots_[output] = is_parameter ? "" : transparent ? from : output;
        if (transparent && !is_parameter) forms_[from].push_back(output);
      }
      if (transparent) continue;
      if (isConstantNode(*node)) {
        for (int i = 0; i < node->outputCount(); ++i) constants_.insert(node->output(i));
      }
      const auto sources = sourcesOf(*node);
      if (!sources.empty()) readers_[sources.front()].push_back(node);
    }
  }

  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] const std::vector<const Node*>& nodes() const { return nodes_; }
  [[nodiscard]] bool isTransparentNode(const Node& node) const {
    return node.inputCount() > 0 && isTransparent(graph_, node);
  }

  /// The value that `value` is another form of; empty for a mere parameter.
  [[nodiscard]] std::string rootOf(const std::string& value) const {
    const auto found = roots_.find(value);
    return found == roots_.end() ? value : found->second;
  }

  /// Roots of the inputs that depend on the graph's inputs, in order.
  [[nodiscard]] std::vector<std::string> sourcesOf(const Node& node) const {
    std::vector<std::string> sources;
    for (int i = 0; i < node.inputCount(); ++i) {
      const std::string root = node.hasInput(i) ? rootOf(node.input(i)) : "";
      if (!root.empty() && !isConstant(root)) sources.push_back(root);
    }
    return sources;
  }

  /// Nodes whose first source is `root`, in topological order.
  [[nodiscard]] std::vector<const Node*> readersOf(const std::string& root) const {
    const auto found = readers_.find(root);
    return found == readers_.end() ? std::vector<const Node*>{} : found->second;
  }

  /// The largest constant that `node` reads, as stored: its weights. Null when it has none.
  [[nodiscard]] const Tensor* weightsOf(const Node& node) const {
    const Tensor* largest = nullptr;
    for (int i = 0; i < node.inputCount(); ++i) {
      const Tensor* constant = node.hasInput(i) ? graph_.constant(rootOf(node.input(i))) : nullptr;
      if (constant != nullptr && (largest == nullptr || constant->elementCount() > largest->elementCount())) {
        largest = constant;
      }
    }
    return largest;
  }

  /// The forms in which `root` can be watched, best first: integers of known meaning, dequantized, as computed.
  [[nodiscard]] std::vector<RealValue> formsOf(const std::string& root) {
    std::vector<RealValue> integers, others;
    std::vector<std::string> names = {root};
    if (const auto found = forms_.find(root); found != forms_.end()) {
      names.insert(names.end(), found->second.rbegin(), found->second.rend());
    }
    for (const std::string& name : names) {
      if (auto params = paramsOf(name)) {
        integers.push_back({name, std::move(params)});
      } else if (name != root) {
        others.push_back({name, {}});
      }
    }
    integers.insert(integers.end(), others.begin(), others.end());
    if (!paramsOf(root)) integers.push_back({root, {}});
    return integers;
  }

 private:
  [[nodiscard]] bool isConstant(const std::string& value) const {
    return graph_.isConstant(value) || constants_.contains(value);
  }

  [[nodiscard]] bool isConstantNode(const Node& node) const { return sourcesOf(node).empty(); }

  /// What the integers of `value` mean, as the QuantizeLinear that makes them or a DequantizeLinear that reads them
  /// says.
  std::optional<QuantParams> paramsOf(const std::string& value) {
    const Node* producer = graph_.producer(value);
    if (producer != nullptr && producer->is("QuantizeLinear")) {
      if (auto quantized = quantizedBy(graph_, *producer)) return quantized->params;
    }
    for (const Node* reader : graph_.consumers(value)) {
      if (!reader->is("DequantizeLinear") || reader->input(0) != value) continue;
      auto quantized = dequantizedFrom(graph_, reader->output());
      if (quantized && !quantized->params.axis()) return quantized->params;
    }
    return std::nullopt;
  }

  Graph graph_;
  std::vector<const Node*> nodes_;
  std::unordered_map<std::string, std::string> roots_;
  std::unordered_map<std::string, std::vector<std::string>> forms_;  // by root
  std::unordered_map<std::string, std::vector<const Node*>> readers_;
  std::unordered_set<std::string> constants_;  // computed from constants alone
};

/// How much the signs of two tensors agree, 0 to 1: quantization keeps them. 0.5 when they cannot be compared.
double signAgreement(const Tensor* a, const Tensor* b) {
  constexpr double kUnknown = 0.5;
  if (a == nullptr || b == nullptr) return a == b ? 1 : kUnknown;
  if (a->shape() != b->shape()) return kUnknown;
  const auto x = asFloat(*a), y = asFloat(*b);
  if (!x || !y) return kUnknown;
  int64_t same = 0, compared = 0;
  for (int64_t i = 0; i < a->elementCount(); ++i) {
    const float p = x->data<float>()[static_cast<size_t>(i)], q = y->data<float>()[static_cast<size_t>(i)];
    if (p == 0 || q == 0) continue;
    ++compared;
    same += (p > 0) == (q > 0) ? 1 : 0;
  }
  return compared == 0 ? kUnknown : static_cast<double>(same) / static_cast<double>(compared);
}

class Matcher {
 public:
  Matcher(const Graph& baseline, const Graph& graph) : baseline_(baseline), other_(graph) {
    const auto expected = baseline.inputs(), actual = graph.inputs();
    for (size_t i = 0; i < expected.size(); ++i) {
      const bool same_name = std::ranges::find(actual, expected[i]) != actual.end();
      if (same_name || i < actual.size()) counterparts_[expected[i]] = same_name ? expected[i] : actual[i];
    }
    for (const Node* node : baseline_.nodes()) {
      if (!baseline_.isTransparentNode(*node)) match(*node);
    }
  }

  /// Roots of the baseline by the roots that stand for them; of several the last, which the saturation made.
  [[nodiscard]] std::map<std::string, std::string> byCounterpart() const {
    std::map<std::string, std::string> result;
    for (const auto& input : baseline_.graph().inputs()) {
      const auto found = counterparts_.find(input);
      if (found != counterparts_.end()) result[found->second] = input;
    }
    for (const Node* node : baseline_.nodes()) {
      for (int i = 0; i < node->outputCount(); ++i) {
        const auto found = counterparts_.find(node->output(i));
        if (found != counterparts_.end()) result[found->second] = found->first;
      }
    }
    return result;
  }

  Network& baseline() { return baseline_; }
  Network& other() { return other_; }

 private:
  void match(const Node& node) {
    const auto sources = baseline_.sourcesOf(node);
    if (sources.empty()) return;
    const auto expected = counterpartsOf(sources);
    const Node* found = expected ? choose(node, candidates(node, *expected)) : nullptr;
    if (found == nullptr && expected && mayBeAbsorbed(node)) {
      counterparts_[node.output()] = expected->front();
      return;
    }
    if (found == nullptr) found = sameNamed(node);
    if (found == nullptr) return;
    taken_.insert(found);
    for (int i = 0; i < std::min(node.outputCount(), found->outputCount()); ++i) {
      if (!node.output(i).empty()) counterparts_[node.output(i)] = realResult(*found, found->output(i));
    }
  }

  [[nodiscard]] std::optional<std::vector<std::string>> counterpartsOf(const std::vector<std::string>& roots) const {
    std::vector<std::string> result;
    for (const std::string& root : roots) {
      const auto found = counterparts_.find(root);
      if (found == counterparts_.end()) return std::nullopt;
      result.push_back(found->second);
    }
    return result;
  }

  /// Nodes that do what `node` does to the same values.
  [[nodiscard]] std::vector<const Node*> candidates(const Node& node, const std::vector<std::string>& sources) const {
    std::vector<const Node*> found;
    for (const Node* reader : other_.readersOf(sources.front())) {
      if (taken_.contains(reader) || meaningOf(*reader) != meaningOf(node)) continue;
      if (other_.sourcesOf(*reader) == sources) found.push_back(reader);
    }
    return found;
  }

  /// Of several, the one with the weights and names of `node`; the first when nothing tells them apart.
  [[nodiscard]] const Node* choose(const Node& node, const std::vector<const Node*>& found) const {
    if (found.size() < 2) return found.empty() ? nullptr : found.front();
    const auto likeness = [&](const Node* other) {
      const bool same_result = other->output() == node.output();
      const bool same_name = !node.name().empty() && other->name() == node.name();
      return 2 * signAgreement(baseline_.weightsOf(node), other_.weightsOf(*other)) +
             (same_result || same_name ? 1 : 0);
    };
    return *std::ranges::max_element(found, {}, likeness);
  }

  /// The node that gives the same operator's result the same name.
  [[nodiscard]] const Node* sameNamed(const Node& node) const {
    const Node* other = other_.graph().producer(node.output());
    const bool fits = other != nullptr && !taken_.contains(other) && meaningOf(*other) == meaningOf(node);
    return fits ? other : nullptr;
  }

  /// MatMulInteger -> Cast -> Mul gives reals last.
  [[nodiscard]] std::string realResult(const Node& node, const std::string& output) const {
    if (!node.is("MatMulInteger") && !node.is("ConvInteger")) return output;
    std::string value = output;
    for (const std::string_view step : {"Cast", "Mul"}) {
      const auto readers = other_.graph().consumers(value);
      if (readers.size() != 1 || !readers.front()->is(step)) return value;
      value = readers.front()->output();
    }
    return value;
  }

  Network baseline_, other_;
  std::unordered_map<std::string, std::string> counterparts_;  // root of the baseline -> root of the other
  std::unordered_set<const Node*> taken_;
};

}  // namespace

std::vector<MatchedValue> matchValues(const Graph& baseline, const Graph& graph, const std::set<std::string>& running) {
  Matcher matcher(baseline, graph);
  std::vector<MatchedValue> matches;
  for (const auto& [counterpart, value] : matcher.byCounterpart()) {
    for (RealValue& form : matcher.other().formsOf(counterpart)) {
      if (!running.contains(form.name)) continue;
      matches.push_back({matcher.baseline().formsOf(value).front(), std::move(form)});
      break;
    }
  }
  return matches;
}

}  // namespace quant
