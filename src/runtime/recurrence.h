#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/node.h"
#include "runtime/kernel.h"

namespace quant {

/// An activation of a recurrent operator, with its parameters.
struct GateFunction {
  enum class Kind {
    kSigmoid,
    kTanh,
    kRelu,
    kAffine,
    kLeakyRelu,
    kThresholdedRelu,
    kScaledTanh,
    kHardSigmoid,
    kElu,
    kSoftsign,
    kSoftplus
  };
  Kind kind = Kind::kTanh;
  double alpha = 0, beta = 0;

  [[nodiscard]] double operator()(double x) const;
};

/// What the attributes of an LSTM, GRU or RNN node say.
struct Recurrence {
  struct Direction {
    bool reversed = false;
    std::array<GateFunction, 3> functions;  ///< ONNX's f, g, h, as many as the operator has
  };

  int64_t gates = 1;  ///< LSTM: i, o, f, c; GRU: z, r, h; RNN: one
  std::vector<Direction> directions;
  /// What the functions of gates take is cut to [-clip, clip]; infinity for no cut. LSTM's h takes the cell as it is,
  /// as onnxruntime and OpenVINO read it.
  double clip = 0;
  bool batch_first = false;
  bool couples_input_forget = false;  ///< LSTM: f = 1 - i
  bool linear_before_reset = false;   ///< GRU

  /// GRU's h gate resets R h and its bias together.
  [[nodiscard]] bool addsStateBiasLater() const { return gates == 3 && linear_before_reset; }
  /// Throws (bad input) for names and directions that ONNX does not have.
  static Recurrence of(const Node& node);
};

/// The inputs of recurrent operators; LSTM has the last two.
struct RecurrentInput {
  static constexpr size_t kX = 0, kW = 1, kR = 2, kB = 3, kLengths = 4, kInitialH = 5, kInitialC = 6, kPeepholes = 7;
};

struct RecurrentSizes {
  int64_t steps = 0, batch = 0, input = 0, hidden = 0, directions = 1;

  [[nodiscard]] Shape y(bool batch_first) const {
    return batch_first ? Shape{batch, steps, directions, hidden} : Shape{steps, directions, batch, hidden};
  }
  [[nodiscard]] Shape state(bool batch_first) const {
    return batch_first ? Shape{batch, directions, hidden} : Shape{directions, batch, hidden};
  }
  /// Where the rows of `hidden` numbers stand in these.
  [[nodiscard]] int64_t yRow(bool batch_first, int64_t step, int64_t direction, int64_t b) const {
    return batch_first ? (b * steps + step) * directions + direction : (step * directions + direction) * batch + b;
  }
  [[nodiscard]] int64_t stateRow(bool batch_first, int64_t direction, int64_t b) const {
    return batch_first ? b * directions + direction : direction * batch + b;
  }
  /// Where the row of `input` numbers stands in X.
  [[nodiscard]] int64_t xRow(bool batch_first, int64_t step, int64_t b) const {
    return batch_first ? b * steps + step : step * batch + b;
  }
};

/// The sizes of a call. Throws (bad input) when an input has another shape than they demand.
RecurrentSizes recurrentSizes(const Recurrence& recurrence, KernelContext& context);

/// The same for DynamicQuantizeLSTM, whose W and R are [directions, inputs, gates * hidden].
RecurrentSizes turnedRecurrentSizes(const Recurrence& recurrence, KernelContext& context);

/// How many steps each sequence of the batch has. Throws (bad input) when one has more than X. A sequence of none ends
/// in a state of zeros, whatever it began with, as onnxruntime and OpenVINO have it.
std::vector<int64_t> sequenceLengths(const RecurrentSizes& sizes, KernelContext& context);

}  // namespace quant
