// com.microsoft's DynamicQuantizeLSTM: the input as a whole, and at each step what is remembered, become uint8 by their
// own ranges; their products with 8-bit weights are exact. The rest is ONNX's LSTM, in float.
//
//   i, o, f, c = X W + H R + biases        I = sigmoid(i + Pi C)   F = sigmoid(f + Pf C)   G = tanh(c)
//   C' = F C + I G                         O = sigmoid(o + Po C')  H' = O tanh(C')
#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "core/error.h"
#include "runtime/reference/activation_functions.h"
#include "runtime/reference/dot_products.h"
#include "runtime/reference/dynamic_quantization.h"
#include "runtime/reference/input_types.h"
#include "runtime/reference/quant_input.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

enum Input : size_t {
  kX,
  kW,
  kR,
  kB,
  kLengths,
  kInitialH,
  kInitialC,
  kPeepholes,
  kWScale,
  kWZeroPoint,
  kRScale,
  kRZeroPoint
};

using Function = std::function<double(double)>;

/// The 8-bit weights of one direction, [inputs, gates], gates packed as rows.
struct Gates {
  PackedRows rows;
  std::vector<float> scales;
};

/// One direction's numbers in a tensor of `directions` equal parts; empty when it is absent.
std::span<const float> partOf(KernelContext& context, size_t input, int64_t direction, int64_t directions) {
  const Tensor* tensor = context.optionalInput(input);
  if (tensor == nullptr) return {};
  const auto size = static_cast<size_t>(tensor->elementCount() / directions);
  return tensor->data<float>().subspan(static_cast<size_t>(direction) * size, size);
}

Gates gatesOf(KernelContext& context, size_t weights, size_t scale, size_t zero_point, int64_t direction) {
  const Tensor& tensor = context.input(weights);
  const int64_t directions = tensor.shape()[0], inputs = tensor.shape()[1], columns = tensor.shape()[2];
  const auto spread = [&](auto values) {  // one number for a direction, or one for each gate
    using Values = decltype(values);
    if (static_cast<int64_t>(values.size()) == directions) {
      return Values(static_cast<size_t>(columns), values[static_cast<size_t>(direction)]);
    }
    const auto first = values.begin() + direction * columns;
    return Values(first, first + columns);
  };
  const auto count = [&](size_t index) { return context.input(index).elementCount(); };
  Gates gates;
  gates.scales = spread(scalesFor(context, scale, count(scale)));
  const auto zeros =
      spread(zeroPointsFor(context, zero_point, context.has(zero_point) ? count(zero_point) : directions));
  withElementType(tensor.type(), TypeList<uint8_t, int8_t>{}, "DynamicQuantizeLSTM", [&](auto example) {
    using T = decltype(example);
    const T* const data = tensor.data<T>().data() + direction * inputs * columns;
    gates.rows = packRows(MatrixView<T>{data, columns, inputs, 1, columns}, zeros);
  });
  return gates;
}

/// sums += real x gates, for `real` of [rows, inputs].
void addProduct(const Tensor& real, const Gates& gates, std::span<float> sums) {
  const auto [integers, params] = quantizeDynamically(real);
  const int64_t rows = real.shape()[0], inputs = real.shape()[1], columns = gates.rows.rows;
  const std::vector<int32_t> zeros(static_cast<size_t>(rows), params.zero_point);
  const PackedRows left =
      packRows(MatrixView<uint8_t>{integers.data<uint8_t>().data(), rows, inputs, inputs, 1}, zeros);
  multiplyRows(left, gates.rows, [&, scale = params.scale](int64_t row, int64_t column, std::span<const int32_t> part) {
    for (size_t i = 0; i < part.size(); ++i) {
      const size_t gate = static_cast<size_t>(column) + i;
      sums[static_cast<size_t>(row * columns) + gate] += static_cast<float>(part[i]) * (scale * gates.scales[gate]);
    }
  });
}

class DynamicQuantizeLstm final : public Kernel {
 public:
  explicit DynamicQuantizeLstm(const Node& node)
      : hidden_(node.attr("hidden_size", int64_t{0})),
        direction_(node.attr("direction", "forward")),
        clip_(node.attr("clip", 0.0F)),
        couples_(node.attr("input_forget", int64_t{0}) != 0) {
    const int64_t directions = direction_ == "bidirectional" ? 2 : 1;
    std::vector<std::string> names;
    if (const auto* attribute = node.findAttr("activations")) {
      names.assign(attribute->strings().begin(), attribute->strings().end());
    }
    for (int64_t i = std::ssize(names); i < 3 * directions; ++i) names.emplace_back(i % 3 == 0 ? "Sigmoid" : "Tanh");
    for (const std::string& name : names) {
      if (name != "Sigmoid" && name != "Tanh" && name != "Relu") {
        throwUnsupported("DynamicQuantizeLSTM with the activation {}", name);
      }
      functions_.push_back(activationFunction(name, 0.0F, 0.0F));
    }
  }

  void run(KernelContext& context) override {
    const Shape& x = context.input(kX).shape();
    const int64_t directions = context.input(kW).shape()[0];
    const Shape state{directions, x[1], hidden_};
    Tensor y(DataType::kFloat32, {x[0], directions, x[1], hidden_}), h(DataType::kFloat32, state),
        c(DataType::kFloat32, state);
    std::ranges::fill(y.data<float>(), 0.0F);
    for (int64_t direction = 0; direction < directions; ++direction) {
      runDirection(context, direction, directions, y, h, c);
    }
    if (context.wants(0)) context.setOutput(0, std::move(y));
    if (context.wants(1)) context.setOutput(1, std::move(h));
    if (context.wants(2)) context.setOutput(2, std::move(c));
  }

 private:
  /// What one step works with: one batch of rows.
  struct State {
    Tensor h;              // [batch, hidden]
    std::vector<float> c;  // the same
  };

  void runDirection(KernelContext& context, int64_t direction, int64_t directions, Tensor& y, Tensor& last_h,
                    Tensor& last_c) {
    const Tensor& x = context.input(kX);
    const int64_t steps = x.shape()[0], batch = x.shape()[1], gates = 4 * hidden_;
    std::vector<float> inputs(static_cast<size_t>(steps * batch * gates), 0.0F);
    addProduct(x.alias({steps * batch, x.shape()[2]}), gatesOf(context, kW, kWScale, kWZeroPoint, direction), inputs);
    const Gates recurrence = gatesOf(context, kR, kRScale, kRZeroPoint, direction);
    const auto bias = partOf(context, kB, direction, directions);
    const auto peepholes = partOf(context, kPeepholes, direction, directions);
    const Tensor* lengths = context.optionalInput(kLengths);
    State state = initialState(context, direction, directions, batch);
    const bool reverse = direction_ == "reverse" || direction == 1;
    for (int64_t step = 0; step < steps; ++step) {
      std::vector<float> sums(static_cast<size_t>(batch * gates), 0.0F);
      addProduct(state.h, recurrence, sums);
      for (int64_t row = 0; row < batch; ++row) {
        const int64_t length = lengths == nullptr ? steps : lengths->data<int32_t>()[static_cast<size_t>(row)];
        if (step >= length) continue;
        const int64_t at = reverse ? length - 1 - step : step;
        float* const sum = sums.data() + row * gates;
        const float* const input = inputs.data() + (at * batch + row) * gates;
        for (int64_t g = 0; g < gates; ++g) {
          sum[g] += input[g];
          if (!bias.empty()) sum[g] += bias[static_cast<size_t>(g)] + bias[static_cast<size_t>(gates + g)];
        }
        float* const h = state.h.data<float>().data() + row * hidden_;
        advance(sum, peepholes, direction, state.c.data() + row * hidden_, h);
        std::copy_n(h, hidden_, y.data<float>().data() + ((at * directions + direction) * batch + row) * hidden_);
      }
    }
    std::ranges::copy(state.h.data<float>(), last_h.data<float>().begin() + direction * batch * hidden_);
    std::ranges::copy(state.c, last_c.data<float>().begin() + direction * batch * hidden_);
  }

  [[nodiscard]] State initialState(KernelContext& context, int64_t direction, int64_t directions, int64_t batch) const {
    State state{Tensor(DataType::kFloat32, {batch, hidden_}), std::vector<float>(static_cast<size_t>(batch * hidden_))};
    std::ranges::fill(state.h.data<float>(), 0.0F);
    std::ranges::copy(partOf(context, kInitialH, direction, directions), state.h.data<float>().begin());
    std::ranges::copy(partOf(context, kInitialC, direction, directions), state.c.begin());
    return state;
  }

  /// One step of one row: from the sums of the gates to the new C and H.
  void advance(const float* sums, std::span<const float> peepholes, int64_t direction, float* c, float* h) const {
    const Function *const functions = functions_.data() + 3 * direction, &gate = functions[0], &cell = functions[1],
                          &result = functions[2];
    const auto peephole = [&](int64_t which, int64_t k) {
      return peepholes.empty() ? 0.0F : peepholes[static_cast<size_t>(which * hidden_ + k)];
    };
    for (int64_t k = 0; k < hidden_; ++k) {
      const double in = gate(clipped(sums[k] + peephole(0, k) * c[k]));
      const double forget = couples_ ? 1 - in : gate(clipped(sums[2 * hidden_ + k] + peephole(2, k) * c[k]));
      c[k] = static_cast<float>(forget * c[k] + in * cell(clipped(sums[3 * hidden_ + k])));
      const double out = gate(clipped(sums[hidden_ + k] + peephole(1, k) * c[k]));
      h[k] = static_cast<float>(out * result(c[k]));
    }
  }

  [[nodiscard]] float clipped(float x) const { return clip_ > 0 ? std::clamp(x, -clip_, clip_) : x; }

  int64_t hidden_;
  std::string direction_;
  float clip_;
  bool couples_;
  std::vector<Function> functions_;  // gate, cell and result of each direction
};

}  // namespace

void registerDynamicLstm(KernelRegistry& registry) {
  registry.add("com.microsoft", "DynamicQuantizeLSTM", 1,
               [](const Node& node, int64_t) { return std::make_unique<DynamicQuantizeLstm>(node); });
}

}  // namespace quant::reference
