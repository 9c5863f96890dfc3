#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_map>

#include "graph/constant_numbers.h"
#include "passes/pass.h"

namespace quant {

namespace {

/// From this version on, Split and Unsqueeze read as inputs what were attributes.
constexpr int64_t kInputsInsteadOfAttributes = 13;

/// Of a Split with so many results nobody gains anything.
constexpr int64_t kMostPieces = 4096;

/// Nodes that give the elements of a sequence; made when the first of these is needed.
struct Source {
  std::function<std::vector<std::string>()> make;
  std::vector<std::string> values = {};
};

/// One element of a sequence: a value of the graph, or result `index` of a source.
struct Element {
  std::string value;
  size_t source = 0, index = 0;
};

using Sequence = std::vector<Element>;

/// A tensor that SplitToSequence takes apart along `axis`, into slices of one.
struct Slices {
  std::string tensor;
  int64_t axis = 0;
  bool keeps_axis = true;
};

/// `position`, which may count from the end, in a sequence of `size` elements.
std::optional<size_t> placeOf(int64_t position, size_t size) {
  const int64_t place = position < 0 ? position + static_cast<int64_t>(size) : position;
  if (place < 0 || place >= static_cast<int64_t>(size)) return {};
  return static_cast<size_t>(place);
}

class SequenceLowering {
 public:
  explicit SequenceLowering(Graph& graph) : graph_(graph) {}

  int run() {
    for (Node* node : graph_.nodes()) {
      if (!node->domain().empty()) continue;
      if (const auto sequence = sequenceOf(*node)) {
        sequences_[node->output()] = *sequence;
      } else if (const auto slices = slicesOf(*node)) {
        slices_[node->output()] = *slices;
      } else if (auto nodes = withoutSequence(*node); !nodes.empty()) {
        graph_.replaceNode(*node, std::move(nodes));
        ++lowered_;
      }
    }
    return lowered_;
  }

 private:
  // --- what a sequence consists of ------------------------------------------------------------------------------

  /// The elements of the sequence that `node` makes, where they are known.
  std::optional<Sequence> sequenceOf(const Node& node) {
    if (node.is("SequenceEmpty")) return Sequence();
    if (node.is("SequenceConstruct")) return constructed(node);
    if (node.is("SequenceInsert")) return inserted(node);
    if (node.is("SequenceErase")) return erased(node);
    if (node.is("SplitToSequence")) return split(node);
    const bool passes_on = node.is("Identity") || node.is("Optional") || node.is("OptionalGetElement");
    return passes_on ? known(node.input(0)) : std::nullopt;
  }

  [[nodiscard]] std::optional<Sequence> known(const std::string& value) const {
    const auto found = sequences_.find(value);
    return found == sequences_.end() ? std::nullopt : std::optional(found->second);
  }

  static Sequence constructed(const Node& node) {
    Sequence sequence;
    for (const auto& value : node.proto().input()) sequence.push_back({value});
    return sequence;
  }

  /// The position that input `input` gives; `fallback` where there is no such input, nothing where it is computed.
  [[nodiscard]] std::optional<int64_t> position(const Node& node, int input, int64_t fallback) const {
    if (!node.hasInput(input)) return fallback;
    const auto numbers = intConstant(graph_, node.input(input));
    return numbers && numbers->size() == 1 ? std::optional(numbers->front()) : std::nullopt;
  }

  [[nodiscard]] std::optional<Sequence> inserted(const Node& node) const {
    auto sequence = known(node.input(0));
    if (!sequence) return {};
    const auto size = static_cast<int64_t>(sequence->size());
    const auto before = position(node, 2, size);
    if (!before) return {};
    const int64_t place = *before < 0 ? *before + size : *before;
    if (place < 0 || place > size) return {};
    sequence->insert(sequence->begin() + place, {node.input(1)});
    return sequence;
  }

  [[nodiscard]] std::optional<Sequence> erased(const Node& node) const {
    auto sequence = known(node.input(0));
    const auto which = position(node, 1, -1);
    const auto place = sequence && which ? placeOf(*which, sequence->size()) : std::nullopt;
    if (!place) return {};
    sequence->erase(sequence->begin() + static_cast<ptrdiff_t>(*place));
    return sequence;
  }

  // --- SplitToSequence ------------------------------------------------------------------------------------------

  /// The size of the axis that `node` takes apart; nothing where only a run can tell.
  [[nodiscard]] std::optional<int64_t> splitSize(const Node& node) const {
    const auto type = graph_.valueType(node.input(0));
    if (!type || !type->shape) return {};
    const auto axis = placeOf(node.attr("axis", int64_t{0}), type->shape->size());
    if (!axis || (*type->shape)[*axis] < 0) return {};
    return (*type->shape)[*axis];
  }

  /// The sizes of the pieces.
  [[nodiscard]] std::optional<std::vector<int64_t>> pieceSizes(const Node& node) const {
    const auto whole = splitSize(node);
    std::vector<int64_t> sizes = {1};
    if (node.hasInput(1)) {
      auto given = intConstant(graph_, node.input(1));
      if (!given) return {};
      if (graph_.valueType(node.input(1))->shape->size() == 1) return given;
      sizes = *given;
    }
    const int64_t each = sizes.front();
    if (!whole || each <= 0 || *whole / each > kMostPieces) return {};
    sizes.assign(static_cast<size_t>(*whole / each), each);
    if (*whole % each != 0) sizes.push_back(*whole % each);
    return sizes;
  }

  std::optional<Sequence> split(const Node& node) {
    const auto sizes = pieceSizes(node);
    if (!sizes || sizes->empty()) return {};
    if (const auto slices = slicesOf(node); slices && !slices->keeps_axis) return sliced(*slices, sizes->size());
    const std::string &tensor = node.input(0), &name = node.output(), &label = node.proto().name();
    const int64_t axis = node.attr("axis", int64_t{0});
    sources_.push_back({[=, this, pieces = *sizes] {
      std::vector<std::string> values;
      for (size_t i = 0; i < pieces.size(); ++i) values.push_back(graph_.uniqueName(fmt::format("{}_{}", name, i)));
      addNode("Split", {tensor}, values, {{"axis", axis}}, "split", pieces, label);
      return values;
    }});
    Sequence sequence;
    for (size_t i = 0; i < sizes->size(); ++i) sequence.push_back({"", sources_.size() - 1, i});
    return sequence;
  }

  Sequence sliced(const Slices& slices, size_t count) {
    Sequence sequence;
    for (size_t i = 0; i < count; ++i) {
      sources_.push_back({[=, this] {
        const std::string value = graph_.uniqueName(fmt::format("{}_{}", slices.tensor, i));
        graph_.addNode(slice(slices, static_cast<int64_t>(i), value));
        return std::vector<std::string>{value};
      }});
      sequence.push_back({"", sources_.size() - 1, 0});
    }
    return sequence;
  }

  /// What `node` takes apart, where the pieces are slices of one. keepdims counts only where no size is given.
  [[nodiscard]] std::optional<Slices> slicesOf(const Node& node) const {
    if (!node.is("SplitToSequence")) return {};
    const int64_t axis = node.attr("axis", int64_t{0});
    if (!node.hasInput(1)) return Slices{node.input(0), axis, node.attr("keepdims", int64_t{1}) != 0};
    const auto given = intConstant(graph_, node.input(1));
    const bool is_one = given && graph_.valueType(node.input(1))->shape->empty() && given->front() == 1;
    return is_one ? std::optional(Slices{node.input(0), axis}) : std::nullopt;
  }

  /// tensor[..., position, ...]
  onnx::NodeProto slice(const Slices& slices, int64_t position, const std::string& result) {
    Tensor index(DataType::kInt64, slices.keeps_axis ? Shape{1} : Shape{});
    index.data<int64_t>()[0] = position;
    onnx::NodeProto gather =
        makeNode("Gather", {slices.tensor, graph_.addConstant(result + "_index", std::move(index))}, {result});
    setInt(gather, "axis", slices.axis);
    return gather;
  }

  // --- what reads a sequence ------------------------------------------------------------------------------------

  /// Nodes that give what `node` gives, but read no sequence; none where the sequence is not known.
  std::vector<onnx::NodeProto> withoutSequence(const Node& node) {
    if (node.is("OptionalHasElement") || node.is("OptionalGetElement")) return ofOptional(node);
    const auto sequence = known(node.input(0));
    if (sequence && node.is("SequenceAt")) return elementAt(node, *sequence);
    if (sequence && node.is("SequenceLength")) return constant(node, Tensor::scalar<int64_t>(std::ssize(*sequence)));
    if (sequence && node.is("ConcatFromSequence") && !sequence->empty()) return joined(node, *sequence);
    const auto slices = slices_.find(node.input(0));
    if (slices == slices_.end()) return {};
    if (node.is("SequenceAt")) return sliceAt(node, slices->second);
    return node.is("SequenceLength") ? countOf(node, slices->second) : std::vector<onnx::NodeProto>();
  }

  std::string valueOf(const Element& element) {
    if (!element.value.empty()) return element.value;
    Source& source = sources_[element.source];
    if (source.values.empty()) source.values = source.make();
    return source.values[element.index];
  }

  std::vector<onnx::NodeProto> elementAt(const Node& node, const Sequence& sequence) {
    const auto which = position(node, 1, 0);
    const auto place = which ? placeOf(*which, sequence.size()) : std::nullopt;
    if (!place) return {};
    return {makeNode("Identity", {valueOf(sequence[*place])}, {node.output()}, node.proto().name())};
  }

  /// What `node` gives is known to be `tensor`.
  std::vector<onnx::NodeProto> constant(const Node& node, Tensor tensor) {
    const std::string value = graph_.addConstant(node.output() + "_known", std::move(tensor));
    return {makeNode("Identity", {value}, {node.output()}, node.proto().name())};
  }

  /// An optional that certainly holds something, or certainly nothing.
  std::vector<onnx::NodeProto> ofOptional(const Node& node) {
    const Node* maker = graph_.producer(node.input(0));
    if (maker == nullptr || !maker->is("Optional")) return {};
    const bool is_there = maker->hasInput(0);
    if (node.is("OptionalHasElement")) return constant(node, Tensor::scalar(is_there));
    if (!is_there) return {};
    return {makeNode("Identity", {maker->input(0)}, {node.output()}, node.proto().name())};
  }

  /// new_axis: each element gets the axis along which they are joined.
  std::vector<onnx::NodeProto> joined(const Node& node, const Sequence& sequence) {
    const int64_t axis = node.attr("axis", int64_t{0});
    const bool is_new = node.attr("new_axis", int64_t{0}) != 0;
    std::vector<std::string> values;
    for (const Element& element : sequence) {
      values.push_back(valueOf(element));
      if (!is_new) continue;
      const std::string wide = graph_.uniqueName(values.back() + "_wide");
      addNode("Unsqueeze", {values.back()}, {wide}, {}, "axes", {axis});
      values.back() = wide;
    }
    onnx::NodeProto concat = makeNode("Concat", values, {node.output()}, node.proto().name());
    setInt(concat, "axis", axis);
    return {std::move(concat)};
  }

  std::vector<onnx::NodeProto> sliceAt(const Node& node, const Slices& slices) {
    const auto which = position(node, 1, 0);
    if (!which) return {};
    onnx::NodeProto gather = slice(slices, *which, node.output());
    gather.set_name(node.proto().name());
    return {std::move(gather)};
  }

  std::vector<onnx::NodeProto> countOf(const Node& node, const Slices& slices) {
    const std::string shape = graph_.uniqueName(slices.tensor + "_shape");
    onnx::NodeProto count = slice({shape, 0, false}, slices.axis, node.output());
    return {makeNode("Shape", {slices.tensor}, {shape}), std::move(count)};
  }

  // --- nodes ----------------------------------------------------------------------------------------------------

  static void setInt(onnx::NodeProto& node, const std::string& name, int64_t value) {
    onnx::AttributeProto* attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }

  /// Adds a node with the list `parameter`, an input or, in older versions, an attribute.
  void addNode(std::string_view op_type, std::vector<std::string> inputs, const std::vector<std::string>& outputs,
               const std::vector<std::pair<std::string, int64_t>>& attributes, const std::string& parameter,
               const std::vector<int64_t>& numbers, const std::string& name = "") {
    const bool is_input = graph_.opset() >= kInputsInsteadOfAttributes;
    if (is_input) {
      const auto constant = Tensor::of<int64_t>({std::ssize(numbers)}, std::span<const int64_t>(numbers));
      inputs.push_back(graph_.addConstant(fmt::format("{}_{}", outputs.front(), parameter), constant.clone()));
    }
    Node& node = graph_.addNode(makeNode(op_type, inputs, outputs, name));
    for (const auto& [key, value] : attributes) node.setAttr(key, value);
    if (!is_input) node.setAttr(parameter, numbers);
  }

  Graph& graph_;
  std::unordered_map<std::string, Sequence> sequences_;
  std::unordered_map<std::string, Slices> slices_;  // sequences whose length only a run can tell
  std::vector<Source> sources_;
  int lowered_ = 0;
};

}  // namespace

//   SplitToSequence(x) -> SequenceAt(1)                becomes   the second result of a Split(x)
//   SequenceConstruct(a, b) -> ConcatFromSequence      becomes   Concat(a, b)
//   SequenceInsert, SequenceErase -> SequenceLength    becomes   a constant
//   Optional(x) -> OptionalGetElement                  becomes   x
//
// Wherever a sequence's elements are known without a run, which is so in most exports: they come from torch's split,
// chunk, unbind and lists. Sequences that a Loop carries, or that an If chooses, stay.
int lowerSequences(Graph& graph) { return SequenceLowering(graph).run(); }

}  // namespace quant
