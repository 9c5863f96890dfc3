#include "runtime/recurrence.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "runtime/ops/arguments.h"
#include "runtime/reference/activation_functions.h"

namespace quant {

namespace {

using Kind = GateFunction::Kind;

/// A function, and which of alpha and beta it takes, with ONNX's defaults.
struct Row {
  std::string_view name;
  Kind kind;
  bool takes_alpha = false, takes_beta = false;
  double alpha = 0, beta = 0;
};

constexpr std::array kFunctions = {
    Row{"sigmoid", Kind::kSigmoid},
    Row{"tanh", Kind::kTanh},
    Row{"relu", Kind::kRelu},
    Row{"affine", Kind::kAffine, true, true, 1, 0},
    Row{"leakyrelu", Kind::kLeakyRelu, true, false, 0.01F, 0},
    Row{"thresholdedrelu", Kind::kThresholdedRelu, true, false, 1, 0},
    Row{"scaledtanh", Kind::kScaledTanh, true, true, 1, 1},
    Row{"hardsigmoid", Kind::kHardSigmoid, true, true, 0.2F, 0.5},
    Row{"elu", Kind::kElu, true, false, 1, 0},
    Row{"softsign", Kind::kSoftsign},
    Row{"softplus", Kind::kSoftplus},
};

struct Operator {
  std::string_view name;
  int64_t gates;
  std::vector<std::string> functions;  // by default
};

Operator operatorOf(const Node& node) {
  if (node.opType() == "LSTM" || node.opType() == "DynamicQuantizeLSTM")
    return {"LSTM", 4, {"Sigmoid", "Tanh", "Tanh"}};
  if (node.opType() == "GRU") return {"GRU", 3, {"Sigmoid", "Tanh"}};
  return {"RNN", 1, {"Tanh"}};
}

std::vector<bool> reversedOf(const std::string& direction) {
  if (direction == "forward") return {false};
  if (direction == "reverse") return {true};
  if (direction == "bidirectional") return {false, true};
  throwBadInput("direction '{}', expected forward, reverse or bidirectional", direction);
}

/// Hands out parameters in order; those that are not given have the function's default.
class Parameters {
 public:
  explicit Parameters(std::vector<float> values) : values_(std::move(values)) {}
  double next(bool is_taken, double fallback) {
    if (!is_taken || next_ >= values_.size()) return fallback;
    return double{values_[next_++]};
  }

 private:
  std::vector<float> values_;
  size_t next_ = 0;
};

const Row& functionNamed(std::string name) {
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* row = std::ranges::find(kFunctions, std::string_view(name), &Row::name);
  if (row == kFunctions.end()) throwBadInput("a recurrent operator has no activation '{}'", name);
  return *row;
}

std::vector<std::string> functionNames(const Node& node, const Operator& op, size_t directions) {
  std::vector<std::string> names;
  if (const auto* given = node.findAttr("activations")) names.assign(given->strings().begin(), given->strings().end());
  if (names.empty()) {
    for (size_t i = 0; i < directions; ++i) names.insert(names.end(), op.functions.begin(), op.functions.end());
  }
  if (names.size() != directions * op.functions.size()) {
    throwBadInput("{} with {} activations, expected {}", op.name, names.size(), directions * op.functions.size());
  }
  return names;
}

void requireShape(KernelContext& context, size_t input, const char* name, const Shape& expected) {
  if (!context.has(input) || context.inputAsIs(input).shape() == expected) return;
  throwBadInput("{} has shape {}, expected {}", name, toString(context.inputAsIs(input).shape()), toString(expected));
}

/// The sizes that X and R say; R has `hidden` along `hidden_axis`.
RecurrentSizes sizesFor(const Recurrence& recurrence, const KernelContext& context, size_t hidden_axis) {
  const Shape &x = context.inputAsIs(RecurrentInput::kX).shape(), &r = context.inputAsIs(RecurrentInput::kR).shape();
  if (x.size() != 3 || r.size() != 3) {
    throwBadInput("X and R have shapes {} and {}, expected rank 3", toString(x), toString(r));
  }
  RecurrentSizes sizes{x[0], x[1], x[2], r[hidden_axis], std::ssize(recurrence.directions)};
  if (recurrence.batch_first) std::swap(sizes.steps, sizes.batch);
  return sizes;
}

void requireOtherShapes(const Recurrence& recurrence, const RecurrentSizes& sizes, KernelContext& context) {
  const int64_t rows = recurrence.gates * sizes.hidden;
  const Shape state = sizes.state(recurrence.batch_first);
  requireShape(context, RecurrentInput::kB, "B", {sizes.directions, 2 * rows});
  requireShape(context, RecurrentInput::kLengths, "sequence_lens", {sizes.batch});
  requireShape(context, RecurrentInput::kInitialH, "initial_h", state);
  requireShape(context, RecurrentInput::kInitialC, "initial_c", state);
  requireShape(context, RecurrentInput::kPeepholes, "P", {sizes.directions, 3 * sizes.hidden});
}

}  // namespace

double GateFunction::operator()(double x) const {
  switch (kind) {
    case Kind::kSigmoid: return reference::sigmoid(x);
    case Kind::kTanh: return std::tanh(x);
    case Kind::kRelu: return x < 0 ? 0 : x;
    case Kind::kAffine: return alpha * x + beta;
    case Kind::kLeakyRelu: return reference::leakyRelu(x, alpha);
    case Kind::kThresholdedRelu: return x > alpha ? x : 0;
    case Kind::kScaledTanh: return alpha * std::tanh(beta * x);
    case Kind::kHardSigmoid: return reference::hardSigmoid(x, alpha, beta);
    case Kind::kElu: return reference::elu(x, alpha);
    case Kind::kSoftsign: return x / (1 + std::abs(x));
    case Kind::kSoftplus: return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x)));
  }
  return x;
}

Recurrence Recurrence::of(const Node& node) {
  const Operator op = operatorOf(node);
  const auto reversed = reversedOf(node.attr("direction", "forward"));
  const auto names = functionNames(node, op, reversed.size());
  Parameters alphas(node.attr("activation_alpha", std::vector<float>{}));
  Parameters betas(node.attr("activation_beta", std::vector<float>{}));
  Recurrence result;
  result.gates = op.gates;
  for (size_t d = 0; d < reversed.size(); ++d) {
    Direction& direction = result.directions.emplace_back();
    direction.reversed = reversed[d];
    for (size_t i = 0; i < op.functions.size(); ++i) {
      const Row& row = functionNamed(names[d * op.functions.size() + i]);
      direction.functions[i] = {row.kind, alphas.next(row.takes_alpha, row.alpha),
                                betas.next(row.takes_beta, row.beta)};
    }
  }
  const float clip = node.attr("clip", 0.0F);
  result.clip = clip > 0 ? double{clip} : std::numeric_limits<double>::infinity();
  result.batch_first = node.attr("layout", int64_t{0}) != 0;
  result.couples_input_forget = node.attr("input_forget", int64_t{0}) != 0;
  result.linear_before_reset = node.attr("linear_before_reset", int64_t{0}) != 0;
  return result;
}

RecurrentSizes recurrentSizes(const Recurrence& recurrence, KernelContext& context) {
  const RecurrentSizes sizes = sizesFor(recurrence, context, 2);
  const int64_t rows = recurrence.gates * sizes.hidden;
  requireShape(context, RecurrentInput::kW, "W", {sizes.directions, rows, sizes.input});
  requireShape(context, RecurrentInput::kR, "R", {sizes.directions, rows, sizes.hidden});
  requireOtherShapes(recurrence, sizes, context);
  return sizes;
}

RecurrentSizes turnedRecurrentSizes(const Recurrence& recurrence, KernelContext& context) {
  const RecurrentSizes sizes = sizesFor(recurrence, context, 1);
  const int64_t columns = recurrence.gates * sizes.hidden;
  requireShape(context, RecurrentInput::kW, "W", {sizes.directions, sizes.input, columns});
  requireShape(context, RecurrentInput::kR, "R", {sizes.directions, sizes.hidden, columns});
  requireOtherShapes(recurrence, sizes, context);
  return sizes;
}

std::vector<int64_t> sequenceLengths(const RecurrentSizes& sizes, KernelContext& context) {
  auto lengths = optionalInts(context, RecurrentInput::kLengths)
                     .value_or(std::vector<int64_t>(static_cast<size_t>(sizes.batch), sizes.steps));
  for (const int64_t length : lengths) {
    if (length < 0 || length > sizes.steps) {
      throwBadInput("sequence_lens says {}, but X has {} steps", length, sizes.steps);
    }
  }
  return lengths;
}

}  // namespace quant
