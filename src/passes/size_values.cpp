#include "passes/size_values.h"

#include <algorithm>

#include "graph/constant_numbers.h"

namespace quant {

namespace {

/// Longer vectors are data, not shapes.
constexpr size_t kMaxElements = 64;

/// A node with what is known of its inputs.
struct Call {
  const Graph& graph;
  const Node& node;
  const KnownSizes& known;

  /// Input `index`, when it is a constant or was followed.
  [[nodiscard]] std::optional<SizeVector> input(int index) const;
  /// The numbers of input `index`, when all of them are known.
  [[nodiscard]] std::optional<std::vector<int64_t>> numbers(int index) const;
};

std::optional<SizeVector> Call::input(int index) const {
  const std::string& value = node.input(index);
  if (const auto found = known.find(value); found != known.end()) return found->second;
  const auto type = graph.isConstant(value) ? graph.valueType(value) : std::nullopt;
  if (!type || type->shape->size() > 1) return {};
  const auto numbers = intConstant(graph, value);
  if (!numbers || numbers->size() > kMaxElements) return {};
  SizeVector result{type->type, type->shape->empty(), {}};
  for (const int64_t number : *numbers) result.elements.push_back({number, {}});
  return result;
}

std::optional<std::vector<int64_t>> Call::numbers(int index) const {
  const auto vector = input(index);
  if (!vector) return {};
  std::vector<int64_t> result;
  for (const auto& element : vector->elements) {
    if (!element.number) return {};
    result.push_back(*element.number);
  }
  return result;
}

std::optional<SizeVector> shape(const Call& call) {
  const auto type = call.graph.valueType(call.node.input(0));
  if (!type || !type->shape) return {};
  const int64_t rank = std::ssize(*type->shape);
  const auto bound = [&](int64_t position) {
    return std::clamp<int64_t>(position < 0 ? position + rank : position, 0, rank);
  };
  const int64_t start = bound(call.node.attr("start", int64_t{0})), end = bound(call.node.attr("end", rank));
  SizeVector result;
  for (int64_t i = start; i < end; ++i) {
    const int64_t size = (*type->shape)[static_cast<size_t>(i)];
    result.elements.push_back(size >= 0 ? SizeValue{size, {}}
                                        : SizeValue{{}, call.graph.sizeName(call.node.input(0), i)});
  }
  return result;
}

std::optional<SizeVector> size(const Call& call) {
  const auto type = call.graph.valueType(call.node.input(0));
  if (!type || !type->isStatic()) return {};
  return SizeVector{DataType::kInt64, true, {{elementCount(*type->shape), {}}}};
}

std::optional<SizeVector> gather(const Call& call) {
  const auto data = call.input(0), indices = call.input(1);
  const auto positions = call.numbers(1);
  if (!data || !positions || data->is_scalar) return {};
  const int64_t count = std::ssize(data->elements);
  SizeVector result{data->type, indices->is_scalar, {}};
  for (const int64_t position : *positions) {
    if (position < -count || position >= count) return {};
    result.elements.push_back(data->elements[static_cast<size_t>(position < 0 ? position + count : position)]);
  }
  return result;
}

/// One of Slice's parameters, which is an attribute before opset 10; `fallback` where the node leaves it out.
std::optional<int64_t> sliceParameter(const Call& call, const char* attr, int input, int64_t fallback) {
  if (!call.node.hasAttr(attr) && !call.node.hasInput(input)) return fallback;
  const auto numbers = call.node.hasAttr(attr) ? call.node.attr(attr, std::vector<int64_t>()) : call.numbers(input);
  return numbers && numbers->size() == 1 ? std::optional(numbers->front()) : std::nullopt;
}

std::optional<SizeVector> slice(const Call& call) {
  const auto data = call.input(0);
  const auto start = sliceParameter(call, "starts", 1, 0), end = sliceParameter(call, "ends", 2, 0);
  const auto step = sliceParameter(call, "steps", 4, 1);
  if (!data || data->is_scalar || !start || !end || !step || *step == 0) return {};
  const int64_t count = std::ssize(data->elements), low = *step > 0 ? 0 : -1, high = *step > 0 ? count : count - 1;
  const auto bound = [&](int64_t position) {
    return std::clamp(position < 0 ? position + count : position, low, high);
  };
  SizeVector result{data->type, false, {}};
  if (count == 0) return result;
  const int64_t first = std::max<int64_t>(bound(*start), 0), last = bound(*end);
  for (int64_t i = first; *step > 0 ? i < last : i > last; i += std::clamp(*step, -count - 1, count + 1)) {
    result.elements.push_back(data->elements[static_cast<size_t>(i)]);
  }
  return result;
}

std::optional<SizeVector> concat(const Call& call) {
  SizeVector result;
  for (int i = 0; i < call.node.inputCount(); ++i) {
    const auto part = call.input(i);
    if (!part || part->is_scalar) return {};
    result.type = part->type;
    result.elements.insert(result.elements.end(), part->elements.begin(), part->elements.end());
  }
  return result;
}

/// Squeeze, Unsqueeze, Reshape: the numbers stay, and the inferred rank says whether they are a scalar or a vector.
std::optional<SizeVector> sameNumbers(const Call& call) {
  auto result = call.input(0);
  const auto type = call.graph.valueType(call.node.output());
  if (!result || !type || !type->shape || type->shape->size() > 1) return {};
  result->is_scalar = type->shape->empty();
  return result;
}

std::optional<SizeVector> cast(const Call& call) {
  auto result = call.input(0);
  const auto to = static_cast<DataType>(call.node.attr("to", int64_t{0}));
  if (!result || (to != DataType::kInt64 && to != DataType::kInt32)) return {};
  result->type = to;
  return result;
}

std::optional<int64_t> calculate(const std::string& op, int64_t a, int64_t b) {
  int64_t result = 0;
  if (op == "Add") return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (op == "Sub") return __builtin_sub_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (op == "Mul") return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional(result);
  if (op == "Div" && b > 0) return a / b;
  return {};
}

std::optional<SizeVector> arithmetic(const Call& call) {
  const auto a = call.input(0), b = call.input(1);
  if (!a || !b || a->type != DataType::kInt64) return {};
  const size_t count = std::max(a->elements.size(), b->elements.size());
  const auto fits = [&](const SizeVector& v) { return v.elements.size() == count || v.elements.size() == 1; };
  if (!fits(*a) || !fits(*b)) return {};
  SizeVector result{a->type, a->is_scalar && b->is_scalar, std::vector<SizeValue>(count)};
  for (size_t i = 0; i < count; ++i) {
    const auto& x = a->elements[a->elements.size() == 1 ? 0 : i].number;
    const auto& y = b->elements[b->elements.size() == 1 ? 0 : i].number;
    if (x && y) result.elements[i].number = calculate(call.node.opType(), *x, *y);
  }
  return result;
}

std::optional<SizeVector> identity(const Call& call) { return call.input(0); }

struct Rule {
  std::string_view op_type;
  std::optional<SizeVector> (*follow)(const Call& call);
};

constexpr Rule kRules[] = {
    {"Shape", shape},    {"Size", size},           {"Gather", gather},       {"Slice", slice},
    {"Concat", concat},  {"Squeeze", sameNumbers}, {"Reshape", sameNumbers}, {"Unsqueeze", sameNumbers},
    {"Cast", cast},      {"Identity", identity},   {"Add", arithmetic},      {"Sub", arithmetic},
    {"Mul", arithmetic}, {"Div", arithmetic},
};

}  // namespace

std::optional<Tensor> SizeVector::toTensor() const {
  std::vector<int64_t> numbers;
  for (const auto& element : elements) {
    if (!element.number) return {};
    numbers.push_back(*element.number);
  }
  const Shape shape = is_scalar ? Shape{} : Shape{std::ssize(numbers)};
  if (type == DataType::kInt64) return Tensor::of<int64_t>(shape, numbers);
  const std::vector<int32_t> narrow(numbers.begin(), numbers.end());
  return Tensor::of<int32_t>(shape, narrow);
}

KnownSizes propagateSizes(const Graph& graph) {
  KnownSizes known;
  for (const Node* node : graph.nodes()) {
    const auto rule = std::ranges::find(kRules, node->opType(), &Rule::op_type);
    if (rule == std::end(kRules) || !node->domain().empty()) continue;
    auto result = rule->follow({graph, *node, known});
    if (result && result->elements.size() <= kMaxElements) known.emplace(node->output(), std::move(*result));
  }
  return known;
}

}  // namespace quant
