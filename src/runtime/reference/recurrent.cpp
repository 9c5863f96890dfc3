// LSTM, GRU, RNN: step by step, in double.
#include <algorithm>
#include <span>
#include <vector>

#include "core/error.h"
#include "runtime/recurrence.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

using Input = RecurrentInput;
using Numbers = std::vector<double>;

/// The parameters of one direction.
struct Parameters {
  Numbers w, r, input_bias, state_bias, peepholes;
};

Numbers realInput(KernelContext& context, size_t index, int64_t count) {
  const Tensor* given = context.optionalInput(index);
  if (given == nullptr) return Numbers(static_cast<size_t>(count));
  Numbers values;
  withElementType(given->type(), kFloatTypes, "LSTM, GRU or RNN", [&](auto) { values = elementsAs<double>(*given); });
  return values;
}

/// Part `index` of `count` equal ones.
Numbers part(const Numbers& all, int64_t index, int64_t count) {
  const auto size = std::ssize(all) / count;
  return {all.begin() + index * size, all.begin() + (index + 1) * size};
}

/// matrix x vector + bias; the matrix is row-major.
Numbers affine(std::span<const double> matrix, std::span<const double> vector, std::span<const double> bias) {
  Numbers result(bias.begin(), bias.end());
  for (size_t row = 0; row < result.size(); ++row) {
    for (size_t i = 0; i < vector.size(); ++i) result[row] += matrix[row * vector.size() + i] * vector[i];
  }
  return result;
}

/// One direction of a recurrent operator; h and c are the state of one sequence.
class Cell {
 public:
  Cell(const Recurrence& recurrence, const Recurrence::Direction& direction, Parameters parameters, size_t hidden)
      : recurrence_(recurrence), functions_(direction.functions), p_(std::move(parameters)), hidden_(hidden) {}

  void step(std::span<const double> x, Numbers& h, Numbers& c) const {
    const Numbers in = affine(p_.w, x, p_.input_bias);
    switch (recurrence_.gates) {
      case 4: return lstm(in, h, c);
      case 3: return gru(in, h);
      default: return rnn(in, h);
    }
  }

 private:
  [[nodiscard]] double activate(size_t function, double x) const {
    return functions_[function](std::clamp(x, -recurrence_.clip, recurrence_.clip));
  }

  // i = f(Wi x + Ri h + Pi c)   f = f(Wf x + Rf h + Pf c)   c' = f c + i g(Wc x + Rc h)
  // o = f(Wo x + Ro h + Po c')  h' = o h(c')
  void lstm(const Numbers& in, Numbers& h, Numbers& c) const {
    const Numbers back = affine(p_.r, h, p_.state_bias);
    const size_t n = hidden_;
    for (size_t j = 0; j < n; ++j) {
      const auto gate = [&](size_t k) { return in[k * n + j] + back[k * n + j]; };
      const double input = activate(0, gate(0) + p_.peepholes[j] * c[j]);
      const double forget =
          recurrence_.couples_input_forget ? 1 - input : activate(0, gate(2) + p_.peepholes[2 * n + j] * c[j]);
      c[j] = forget * c[j] + input * activate(1, gate(3));
      h[j] = activate(0, gate(1) + p_.peepholes[n + j] * c[j]) * functions_[2](c[j]);
    }
  }

  // z = f(Wz x + Rz h)   r = f(Wr x + Rr h)   h' = (1 - z) n + z h
  // n = g(Wh x + Rh (r h)), or g(Wh x + r (Rh h)) with linear_before_reset; Rh includes its bias
  void gru(const Numbers& in, Numbers& h) const {
    const size_t n = hidden_;
    Numbers back = affine(p_.r, h, p_.state_bias), reset(n), kept = h;
    for (size_t j = 0; j < n; ++j) {
      reset[j] = activate(0, in[n + j] + back[n + j]);
      kept[j] *= reset[j];
    }
    if (!recurrence_.linear_before_reset) {
      const Numbers whole = affine(p_.r, kept, p_.state_bias);
      std::copy(whole.begin() + static_cast<std::ptrdiff_t>(2 * n), whole.end(),
                back.begin() + static_cast<std::ptrdiff_t>(2 * n));
      std::ranges::fill(reset, 1);
    }
    for (size_t j = 0; j < n; ++j) {
      const double update = activate(0, in[j] + back[j]);
      h[j] = (1 - update) * activate(1, in[2 * n + j] + reset[j] * back[2 * n + j]) + update * h[j];
    }
  }

  // h' = f(W x + R h)
  void rnn(const Numbers& in, Numbers& h) const {
    const Numbers back = affine(p_.r, h, p_.state_bias);
    for (size_t j = 0; j < hidden_; ++j) h[j] = activate(0, in[j] + back[j]);
  }

  const Recurrence& recurrence_;
  const std::array<GateFunction, 3>& functions_;
  Parameters p_;
  size_t hidden_;
};

/// All outputs, in double.
struct Results {
  Numbers y, h, c;
};

class Call {
 public:
  Call(const Recurrence& recurrence, KernelContext& context)
      : recurrence_(recurrence),
        sizes_(recurrentSizes(recurrence, context)),
        lengths_(sequenceLengths(sizes_, context)),
        x_(realInput(context, Input::kX, 0)) {
    const int64_t rows = sizes_.directions * recurrence.gates * sizes_.hidden;
    w_ = realInput(context, Input::kW, 0);
    r_ = realInput(context, Input::kR, 0);
    b_ = realInput(context, Input::kB, 2 * rows);
    peepholes_ = realInput(context, Input::kPeepholes, 3 * sizes_.directions * sizes_.hidden);
    const int64_t state = sizes_.directions * sizes_.batch * sizes_.hidden;
    results_.y = Numbers(static_cast<size_t>(sizes_.steps * state));
    results_.h = realInput(context, Input::kInitialH, state);
    results_.c = realInput(context, Input::kInitialC, state);
  }

  [[nodiscard]] const RecurrentSizes& sizes() const { return sizes_; }

  Results run() {
    for (int64_t d = 0; d < sizes_.directions; ++d) {
      const Numbers biases = part(b_, d, sizes_.directions);
      const Cell cell(recurrence_, recurrence_.directions[static_cast<size_t>(d)],
                      {part(w_, d, sizes_.directions), part(r_, d, sizes_.directions), part(biases, 0, 2),
                       part(biases, 1, 2), part(peepholes_, d, sizes_.directions)},
                      static_cast<size_t>(sizes_.hidden));
      for (int64_t b = 0; b < sizes_.batch; ++b) runSequence(cell, d, b);
    }
    return std::move(results_);
  }

 private:
  void runSequence(const Cell& cell, int64_t d, int64_t b) {
    const bool batch_first = recurrence_.batch_first;
    const int64_t length = lengths_[static_cast<size_t>(b)];
    const int64_t state_row = sizes_.stateRow(batch_first, d, b);
    Numbers h = row(results_.h, state_row), c = row(results_.c, state_row);
    if (length == 0) h = c = Numbers(h.size());
    for (int64_t i = 0; i < length; ++i) {
      const int64_t step = recurrence_.directions[static_cast<size_t>(d)].reversed ? length - 1 - i : i;
      cell.step(std::span(x_).subspan(static_cast<size_t>(sizes_.xRow(batch_first, step, b) * sizes_.input),
                                      static_cast<size_t>(sizes_.input)),
                h, c);
      putRow(results_.y, sizes_.yRow(batch_first, step, d, b), h);
    }
    putRow(results_.h, state_row, h);
    putRow(results_.c, state_row, c);
  }

  [[nodiscard]] Numbers row(const Numbers& rows, int64_t index) const {
    const auto begin = rows.begin() + index * sizes_.hidden;
    return {begin, begin + sizes_.hidden};
  }
  void putRow(Numbers& rows, int64_t index, const Numbers& values) const {
    std::ranges::copy(values, rows.begin() + index * sizes_.hidden);
  }

  const Recurrence& recurrence_;
  RecurrentSizes sizes_;
  std::vector<int64_t> lengths_;
  Numbers x_, w_, r_, b_, peepholes_;
  Results results_;
};

void give(KernelContext& context, size_t index, DataType type, Shape shape, const Numbers& values) {
  if (index >= context.outputCount() || !context.wants(index)) return;
  withElementType(type, kFloatTypes, "LSTM, GRU or RNN", [&](auto example) {
    using T = decltype(example);
    std::ranges::transform(values, context.output(index, type, std::move(shape)).data<T>().begin(), fromReal<T>);
  });
}

void recurrent(const Node& node, KernelContext& context) {
  const Recurrence recurrence = Recurrence::of(node);
  const DataType type = context.inputAsIs(Input::kX).type();
  Call call(recurrence, context);
  const Results results = call.run();
  const Shape state = call.sizes().state(recurrence.batch_first);
  give(context, 0, type, call.sizes().y(recurrence.batch_first), results.y);
  give(context, 1, type, state, results.h);
  give(context, 2, type, state, results.c);
}

}  // namespace

void registerRecurrent(KernelRegistry& registry) {
  for (const char* op_type : {"LSTM", "GRU", "RNN"}) registry.addFunction(op_type, 1, recurrent);
}

}  // namespace quant::reference
