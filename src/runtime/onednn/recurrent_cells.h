#pragma once

#include <cstdint>

#include "runtime/recurrence.h"

namespace quant::onednn {

// What an LSTM, GRU or RNN does after the products of a step: for one sequence, on `hidden` numbers a gate. Gates lie
// one after the other in ONNX's order.

/// Numbers of one sequence at one step.
struct CellRow {
  const float* input;       ///< W x + Wb, all gates
  float* state;             ///< R h, all gates; overwritten
  const float* state_bias;  ///< Rb of GRU's h gate; other Rb are in `input` already
  const float* peepholes;   ///< LSTM: i, o, f; null without
  float* h;                 ///< the state before, and after, the step
  float* c;                 ///< LSTM
};

/// The functions of one direction.
class Cell {
 public:
  Cell(const Recurrence& recurrence, const Recurrence::Direction& direction, int64_t hidden)
      : recurrence_(recurrence), functions_(direction.functions), hidden_(hidden) {}

  void lstm(const CellRow& row) const;
  void rnn(const CellRow& row) const;
  /// GRU: `state` becomes z, r and what it was, and `reset` r h.
  void gruGates(const CellRow& row, float* reset) const;
  /// GRU, after the gates: `candidate` is Rh h, or Rh (r h) without linear_before_reset; overwritten.
  void gruState(const CellRow& row, float* candidate) const;

 private:
  void activate(size_t function, float* values, int64_t count) const;

  const Recurrence& recurrence_;
  const std::array<GateFunction, 3>& functions_;
  int64_t hidden_;
};

}  // namespace quant::onednn
