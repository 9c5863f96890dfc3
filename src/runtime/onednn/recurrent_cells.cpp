#include "runtime/onednn/recurrent_cells.h"

#include <algorithm>
#include <cmath>

#include "core/for_each_cpu.h"
#include "runtime/onednn/exponential.h"

namespace quant::onednn {

namespace {

// Functions of numbers that `clipAll` has cut: where both are done in one loop, the compiler treats the cut case apart,
// by a jump, and then no longer computes many at a time.

constexpr float kFlat = 7.90531110763549805F;  // from here on tanh is 1 in float

/// A quotient of polynomials that is tanh to the last bits of a float (as in Eigen). NaN stays NaN.
inline float tanhOf(float x) {
  const float x2 = x * x;
  float p = -2.76076847742355e-16F;
  p = p * x2 + 2.00018790482477e-13F;
  p = p * x2 - 8.60467152213735e-11F;
  p = p * x2 + 5.12229709037114e-08F;
  p = p * x2 + 1.48572235717979e-05F;
  p = p * x2 + 6.37261928875436e-04F;
  p = p * x2 + 4.89352455891786e-03F;
  float q = 1.19825839466702e-06F;
  q = q * x2 + 1.18534705686654e-04F;
  q = q * x2 + 2.26843463243900e-03F;
  q = q * x2 + 4.89352518554385e-03F;
  return x * p / q;
}

constexpr float kMostExponent = 87;  // beyond ±87 exp is soon no ordinary float

QUANTIZE_FOR_EACH_CPU void clipAll(float* x, int64_t count, float limit) {
  for (int64_t i = 0; i < count; ++i) {
    const float raised = x[i] < -limit ? -limit : x[i];
    x[i] = raised > limit ? limit : raised;
  }
}

QUANTIZE_FOR_EACH_CPU void tanhAll(float* x, int64_t count) {
  clipAll(x, count, kFlat);
  for (int64_t i = 0; i < count; ++i) x[i] = tanhOf(x[i]);
}

/// By exp and not by tanh: as near to 1 as a float can be, for GRU takes it from 1.
QUANTIZE_FOR_EACH_CPU void sigmoidAll(float* x, int64_t count) {
  clipAll(x, count, kMostExponent);
  for (int64_t i = 0; i < count; ++i) x[i] = 1 / (1 + expOf(-x[i]));
}

/// x += y
QUANTIZE_FOR_EACH_CPU void addTo(float* x, const float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) x[i] += y[i];
}

/// x += y z
QUANTIZE_FOR_EACH_CPU void addProduct(float* x, const float* y, const float* z, int64_t count) {
  for (int64_t i = 0; i < count; ++i) x[i] += y[i] * z[i];
}

/// c = forget c + input g
QUANTIZE_FOR_EACH_CPU void mixCell(float* c, const float* forget, const float* input, const float* g, int64_t count) {
  for (int64_t i = 0; i < count; ++i) c[i] = forget[i] * c[i] + input[i] * g[i];
}

/// to = x y
QUANTIZE_FOR_EACH_CPU void multiply(float* to, const float* x, const float* y, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = x[i] * y[i];
}

/// after = (1 - z) n + z before
QUANTIZE_FOR_EACH_CPU void mixState(float* after, const float* before, const float* z, const float* n, int64_t count) {
  for (int64_t i = 0; i < count; ++i) after[i] = (1 - z[i]) * n[i] + z[i] * before[i];
}

}  // namespace

void Cell::activate(size_t function, float* values, int64_t count) const {
  if (std::isfinite(recurrence_.clip)) clipAll(values, count, static_cast<float>(recurrence_.clip));
  apply(function, values, count);
}

void Cell::apply(size_t function, float* values, int64_t count) const {
  const GateFunction& f = functions_[function];
  switch (f.kind) {
    case GateFunction::Kind::kTanh: return tanhAll(values, count);
    case GateFunction::Kind::kSigmoid: return sigmoidAll(values, count);
    default:
      for (int64_t i = 0; i < count; ++i) values[i] = static_cast<float>(f(double{values[i]}));
  }
}

void Cell::lstm(const CellRow& row) const {
  const int64_t n = units_;
  float* const input = row.gates;
  float* const output = row.gates + row.gate_stride;
  float* const forget = row.gates + 2 * row.gate_stride;
  float* const g = row.gates + 3 * row.gate_stride;
  if (row.peepholes != nullptr) {
    addProduct(input, row.peepholes, row.c, n);
    addProduct(forget, row.peepholes + 2 * row.peephole_stride, row.c, n);
  }
  activate(0, input, n);
  activate(0, forget, n);
  activate(1, g, n);
  for (int64_t i = 0; recurrence_.couples_input_forget && i < n; ++i) forget[i] = 1 - input[i];
  mixCell(row.c, forget, input, g, n);
  if (row.peepholes != nullptr) addProduct(output, row.peepholes + row.peephole_stride, row.c, n);
  activate(0, output, n);
  std::copy_n(row.c, n, g);
  apply(2, g, n);
  multiply(row.after, output, g, n);
}

void Cell::rnn(const CellRow& row) const {
  activate(0, row.gates, units_);
  std::copy_n(row.gates, units_, row.after);
}

void Cell::gruGates(const CellRow& row) const {
  for (const int64_t gate : {0, 1}) activate(0, row.gates + gate * row.gate_stride, units_);
}

void Cell::gruReset(const CellRow& row, float* reset) const {
  multiply(reset, row.gates + row.gate_stride, row.before, units_);
}

void Cell::gruState(const CellRow& row) const {
  float* const candidate = row.gates + 2 * row.gate_stride;
  if (recurrence_.linear_before_reset) {
    multiply(candidate, candidate, row.gates + row.gate_stride, units_);
    addTo(candidate, row.candidate, units_);
  }
  activate(1, candidate, units_);
  mixState(row.after, row.before, row.gates, candidate, units_);
}

}  // namespace quant::onednn
