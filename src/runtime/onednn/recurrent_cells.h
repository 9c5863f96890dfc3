#pragma once

#include <cstdint>

#include "runtime/recurrence.h"

namespace quant::onednn {

// What an LSTM, GRU or RNN does after the products of a step: for one sequence, on some of the units. Gates lie in
// ONNX's order, each `gate_stride` behind the one before.

/// Numbers of one sequence at one step, from the first of the units on.
struct CellRow {
  float* gates;  ///< W x + R h + biases; overwritten. GRU with linear_before_reset: R h + Rb for the h gate
  int64_t gate_stride;
  const float* candidate;  ///< GRU with linear_before_reset: W x + Wb of the h gate
  const float* peepholes;  ///< LSTM: i, o, f; null without
  int64_t peephole_stride;
  const float* before;  ///< the state, and what it becomes
  float* after;
  float* c;  ///< LSTM
};

/// The functions of one direction, for `units` units.
class Cell {
 public:
  Cell(const Recurrence& recurrence, const Recurrence::Direction& direction, int64_t units)
      : recurrence_(recurrence), functions_(direction.functions), units_(units) {}

  void lstm(const CellRow& row) const;
  void rnn(const CellRow& row) const;
  /// GRU: the gates z and r.
  void gruGates(const CellRow& row) const;
  /// GRU without linear_before_reset, after the gates: `reset` becomes r h, which R of the h gate is to be multiplied
  /// by.
  void gruReset(const CellRow& row, float* reset) const;
  /// GRU, after the gates.
  void gruState(const CellRow& row) const;

 private:
  /// The function of a gate, which takes what `clip` leaves.
  void activate(size_t function, float* values, int64_t count) const;
  void apply(size_t function, float* values, int64_t count) const;

  const Recurrence& recurrence_;
  const std::array<GateFunction, 3>& functions_;
  int64_t units_;
};

}  // namespace quant::onednn
