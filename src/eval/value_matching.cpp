#include "eval/value_matching.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "eval/as_float.h"
#include "eval/network.h"

namespace quant {

namespace {

/// Changes that a quantization may absorb: it saturates where they clamp.
bool mayBeAbsorbed(const Node& node) { return node.is("Relu") || node.is("Clip"); }

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

  /// Values of the baseline, by root, in the order in which they are computed, and the roots that stand for them; of
  /// several that one root stands for the last, which the saturation made.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> pairs() const {
    std::vector<std::pair<std::string, std::string>> all;
    std::unordered_map<std::string, size_t> last;  // by counterpart
    for (const std::string& value : valuesOf(baseline_)) {
      const auto found = counterparts_.find(value);
      if (found == counterparts_.end()) continue;
      last[found->second] = all.size();
      all.emplace_back(value, found->second);
    }
    std::vector<std::pair<std::string, std::string>> result;
    for (size_t i = 0; i < all.size(); ++i) {
      if (last.at(all[i].second) == i) result.push_back(std::move(all[i]));
    }
    return result;
  }

  /// Results of nodes of the baseline that nothing stands for.
  [[nodiscard]] std::vector<std::string> onlyBaseline() const {
    return resultsOf(baseline_, [&](const Node& node) { return counterparts_.contains(node.output()); });
  }

  /// Results of nodes of the other model that stand for nothing, and are no part of what does.
  [[nodiscard]] std::vector<std::string> onlyOther() const {
    return resultsOf(other_, [&](const Node& node) { return taken_.contains(&node); });
  }

  Network& baseline() { return baseline_; }
  Network& other() { return other_; }

 private:
  /// The graph's inputs, then results of nodes.
  static std::vector<std::string> valuesOf(const Network& network) {
    std::vector<std::string> values = network.graph().inputs();
    for (const Node* node : network.nodes()) {
      for (int i = 0; i < node->outputCount(); ++i) {
        if (!node->output(i).empty()) values.push_back(node->output(i));
      }
    }
    return values;
  }

  /// The first results of nodes that compute something from the graph's inputs, but for those that `isKnown` knows.
  template <class IsKnown>
  static std::vector<std::string> resultsOf(const Network& network, IsKnown isKnown) {
    std::vector<std::string> results;
    for (const Node* node : network.nodes()) {
      const bool computes = !network.isTransparentNode(*node) && !network.sourcesOf(*node).empty();
      if (computes && !isKnown(*node)) results.push_back(node->output());
    }
    return results;
  }

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
      if (taken_.contains(reader) || !computesAs(*reader, node)) continue;
      if (other_.sourcesOf(*reader) == sources) found.push_back(reader);
    }
    return found;
  }

  /// A Gemm may be a MatMulInteger with its bias behind it.
  [[nodiscard]] bool computesAs(const Node& reader, const Node& node) const {
    if (meaningOf(reader) == meaningOf(node)) return true;
    return node.is("Gemm") && reader.is("MatMulInteger") && onlyReader(reader.output(), "Add") != nullptr;
  }

  /// The node that alone reads `value`, if it is of that operator.
  [[nodiscard]] const Node* onlyReader(const std::string& value, std::string_view op_type) const {
    const auto readers = other_.graph().consumers(value);
    return readers.size() == 1 && readers.front()->is(op_type) ? readers.front() : nullptr;
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

  /// MatMulInteger -> Cast -> Mul gives reals last; there may be an Add of int32 biases in front of the Cast.
  [[nodiscard]] std::string realResult(const Node& node, const std::string& output) {
    if (!node.is("MatMulInteger") && !node.is("ConvInteger")) return output;
    std::string value = output;
    for (const std::string_view step : {"Add", "Cast", "Mul"}) {
      const Node* reader = onlyReader(value, step);
      if (reader == nullptr && step == "Add") continue;
      if (reader == nullptr) return value;
      taken_.insert(reader);
      value = reader->output();
    }
    return value;
  }

  Network baseline_, other_;
  std::unordered_map<std::string, std::string> counterparts_;  // root of the baseline -> root of the other
  std::unordered_set<const Node*> taken_;
};

}  // namespace

MatchedNetworks matchNetworks(const Graph& baseline, const Graph& graph, const std::set<std::string>& running) {
  Matcher matcher(baseline, graph);
  MatchedNetworks result{{}, {}, matcher.onlyBaseline(), matcher.onlyOther()};
  for (const auto& [value, counterpart] : matcher.pairs()) {
    auto forms = matcher.other().formsOf(counterpart);
    const auto exists = [&](const RealValue& form) { return running.contains(form.name); };
    const auto found = std::ranges::find_if(forms, exists);
    if (found != forms.end()) {
      result.values.push_back({matcher.baseline().formsOf(value).front(), std::move(*found)});
    } else if (!baseline.isInput(value)) {
      result.inside_steps.push_back(value);
    }
  }
  return result;
}

std::vector<MatchedValue> matchValues(const Graph& baseline, const Graph& graph, const std::set<std::string>& running) {
  return matchNetworks(baseline, graph, running).values;
}

}  // namespace quant
