// com.microsoft's DynamicQuantizeLSTM: the input as a whole, and at each step what is remembered, become uint8 by their
// own ranges; their products with 8-bit weights are exact. The rest is ONNX's LSTM, in float.
//
//   i, o, f, c = X W + H R + biases        I = sigmoid(i + Pi C)   F = sigmoid(f + Pf C)   G = tanh(c)
//   C' = F C + I G                         O = sigmoid(o + Po C')  H' = O tanh(C')
#include <algorithm>

#include "runtime/ops/arguments.h"
#include "runtime/recurrence.h"
#include "runtime/reference/dot_products.h"
#include "runtime/reference/dynamic_quantization.h"
#include "runtime/reference/input_types.h"
#include "runtime/reference/quant_input.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

using Input = RecurrentInput;

constexpr size_t kWScale = 8, kWZeroPoint = 9, kRScale = 10, kRZeroPoint = 11;

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
    requireCount("a scale or zero point", values.size(), static_cast<size_t>(directions * columns));
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
  explicit DynamicQuantizeLstm(const Node& node) : recurrence_(Recurrence::of(node)) {}

  void run(KernelContext& context) override {
    const RecurrentSizes sizes = turnedRecurrentSizes(recurrence_, context);
    const std::vector<int64_t> lengths = sequenceLengths(sizes, context);
    Results results{zeros(sizes.y(false)), zeros(sizes.state(false)), zeros(sizes.state(false))};
    for (int64_t direction = 0; direction < sizes.directions; ++direction) {
      runDirection(context, sizes, lengths, direction, results);
    }
    if (context.wants(0)) context.setOutput(0, std::move(results.y));
    if (context.wants(1)) context.setOutput(1, std::move(results.h));
    if (context.wants(2)) context.setOutput(2, std::move(results.c));
  }

 private:
  struct Results {
    Tensor y, h, c;
  };
  /// What one step works with: one batch of rows.
  struct State {
    Tensor h;              // [batch, hidden]; zeros where a sequence has ended, which the range of all holds anyway
    std::vector<float> c;  // the same
  };

  static Tensor zeros(Shape shape) {
    Tensor tensor(DataType::kFloat32, std::move(shape));
    std::ranges::fill(tensor.data<float>(), 0.0F);
    return tensor;
  }

  void runDirection(KernelContext& context, const RecurrentSizes& sizes, const std::vector<int64_t>& lengths,
                    int64_t direction, Results& results) const {
    const int64_t hidden = sizes.hidden, gates = 4 * hidden, batch = sizes.batch;
    std::vector<float> inputs(static_cast<size_t>(sizes.steps * batch * gates), 0.0F);
    addProduct(context.input(Input::kX).alias({sizes.steps * batch, sizes.input}),
               gatesOf(context, Input::kW, kWScale, kWZeroPoint, direction), inputs);
    const Gates recurrence = gatesOf(context, Input::kR, kRScale, kRZeroPoint, direction);
    const auto bias = partOf(context, Input::kB, direction, sizes.directions);
    const auto peepholes = partOf(context, Input::kPeepholes, direction, sizes.directions);
    const bool reversed = recurrence_.directions[static_cast<size_t>(direction)].reversed;
    State state = initialState(context, sizes, direction);
    for (int64_t step = 0; step < sizes.steps; ++step) {
      std::vector<float> sums(static_cast<size_t>(batch * gates), 0.0F);
      addProduct(state.h, recurrence, sums);
      for (int64_t row = 0; row < batch; ++row) {
        const int64_t length = lengths[static_cast<size_t>(row)];
        float *const h = state.h.data<float>().data() + row * hidden, *const c = state.c.data() + row * hidden;
        if (step >= length) {
          std::fill_n(h, hidden, 0.0F);
          continue;
        }
        const int64_t at = reversed ? length - 1 - step : step;
        float* const sum = sums.data() + row * gates;
        const float* const input = inputs.data() + (at * batch + row) * gates;
        for (int64_t g = 0; g < gates; ++g) {
          sum[g] += input[g];
          if (!bias.empty()) sum[g] += bias[static_cast<size_t>(g)] + bias[static_cast<size_t>(gates + g)];
        }
        advance(sum, peepholes, direction, c, h, static_cast<size_t>(hidden));
        std::copy_n(h, hidden, results.y.data<float>().data() + sizes.yRow(false, at, direction, row) * hidden);
        if (step + 1 < length) continue;
        const int64_t last = sizes.stateRow(false, direction, row) * hidden;
        std::copy_n(h, hidden, results.h.data<float>().data() + last);
        std::copy_n(c, hidden, results.c.data<float>().data() + last);
      }
    }
  }

  static State initialState(KernelContext& context, const RecurrentSizes& sizes, int64_t direction) {
    const int64_t size = sizes.batch * sizes.hidden;
    State state{zeros({sizes.batch, sizes.hidden}), std::vector<float>(static_cast<size_t>(size))};
    std::ranges::copy(partOf(context, Input::kInitialH, direction, sizes.directions), state.h.data<float>().begin());
    std::ranges::copy(partOf(context, Input::kInitialC, direction, sizes.directions), state.c.begin());
    return state;
  }

  /// One step of one row: from the sums of the gates to the new C and H.
  void advance(const float* sums, std::span<const float> peepholes, int64_t direction, float* c, float* h,
               size_t hidden) const {
    const auto& [gate, cell, result] = recurrence_.directions[static_cast<size_t>(direction)].functions;
    const auto peephole = [&](size_t which, size_t k) {
      return peepholes.empty() ? 0.0F : peepholes[which * hidden + k];
    };
    for (size_t k = 0; k < hidden; ++k) {
      const double in = gate(clipped(sums[k] + peephole(0, k) * c[k]));
      const double forget =
          recurrence_.couples_input_forget ? 1 - in : gate(clipped(sums[2 * hidden + k] + peephole(2, k) * c[k]));
      c[k] = static_cast<float>(forget * c[k] + in * cell(clipped(sums[3 * hidden + k])));
      const double out = gate(clipped(sums[hidden + k] + peephole(1, k) * c[k]));
      h[k] = static_cast<float>(out * result(c[k]));
    }
  }

  [[nodiscard]] double clipped(double x) const { return std::clamp(x, -recurrence_.clip, recurrence_.clip); }

  Recurrence recurrence_;
};

}  // namespace

void registerDynamicLstm(KernelRegistry& registry) {
  registry.add("com.microsoft", "DynamicQuantizeLSTM", 1,
               [](const Node& node, int64_t) { return std::make_unique<DynamicQuantizeLstm>(node); });
}

}  // namespace quant::reference
