#include "eval/cut_graph.h"

namespace quant {

namespace {

class Cutter {
 public:
  Cutter(const Graph& graph, const std::vector<CutValue>& values)
      : network_(graph), values_(values), result_{graph.clone(), {}} {}

  CutGraph cut() {
    for (size_t value = 0; value < values_.size(); ++value) {
      for (const std::string& form : network_.namesOf(network_.rootOf(values_[value].name))) cutForm(value, form);
    }
    return std::move(result_);
  }

 private:
  /// One form in which a value is read.
  void cutForm(size_t value, const std::string& form) {
    std::vector<Node*> readers;
    for (Node* reader : result_.graph.consumers(form)) {
      if (!isTransparent(network_.graph(), *reader) || reader->is("DynamicQuantizeLinear")) readers.push_back(reader);
    }
    auto input = readers.empty() ? std::nullopt : inputFor(value, form);
    if (!input) return;
    addInput(*input, form);
    for (Node* reader : readers) {
      for (int i = 0; i < reader->inputCount(); ++i) {
        if (reader->input(i) == form) result_.graph.setInput(*reader, i, input->name);
      }
    }
    result_.inputs.push_back(std::move(*input));
  }

  /// Nothing for integers of unknown meaning, and for what has no known type.
  [[nodiscard]] std::optional<CutInput> inputFor(size_t value, const std::string& form) {
    CutInput input{result_.graph.uniqueName(form + "_given"), value, typeOf(value, form), network_.paramsOf(form)};
    if (input.params) input.type = input.params->storage();
    if (!input.params && !isFloatingPoint(input.type)) return std::nullopt;
    return input;
  }

  [[nodiscard]] DataType typeOf(size_t value, const std::string& form) const {
    const auto type = network_.graph().valueType(form);
    if (type && type->type != DataType::kUndefined) return type->type;
    return form == values_[value].name ? values_[value].type : DataType::kUndefined;
  }

  void addInput(const CutInput& input, const std::string& form) {
    auto& declared = *result_.graph.rest().mutable_graph()->add_input();
    declared.set_name(input.name);
    declared.mutable_type()->mutable_tensor_type()->set_elem_type(static_cast<int32_t>(input.type));
    ValueType type{input.type, {}};
    if (const auto known = network_.graph().valueType(form)) type.shape = known->shape;
    result_.graph.setValueType(input.name, std::move(type));
  }

  Network network_;
  const std::vector<CutValue>& values_;
  CutGraph result_;
};

}  // namespace

CutGraph cutAtValues(const Graph& graph, const std::vector<CutValue>& values) { return Cutter(graph, values).cut(); }

}  // namespace quant
