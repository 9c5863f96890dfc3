#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/onednn/float_panels.h"
#include "runtime/onednn/pair_sums.h"

namespace quant::onednn {

/// Units of a state that a thread takes at a time.
inline constexpr int64_t kUnitBlock = kFloatPanelColumns;
/// `units` rounded up to whole blocks: how far apart gates and states lie.
inline constexpr int64_t paddedUnits(int64_t units) { return (units + kUnitBlock - 1) / kUnitBlock * kUnitBlock; }

/// The product that a recurrent network makes at each step: of states, one row a sequence, with some gates of R.
/// Threads share it, each with its own units or sequences.
class StateProduct {
 public:
  virtual ~StateProduct() = default;

  /// Memory for so many sequences and threads.
  virtual void prepare(int64_t most_rows, int threads) = 0;
  /// The states for the products that follow, [rows, paddedUnits]. Every thread calls it, by its number.
  virtual void read(int thread, const float* states, int64_t rows) = 0;

  /// Which gate, and which of its units: from a whole block on.
  struct Part {
    int64_t gate, first, count;
  };
  /// dst[r][i] = start[r][i] + state r x unit (first + i) of the gate. `dst` has room for whole blocks.
  virtual void multiply(int thread, const Part& part, const float* const* start, float* dst, int64_t dst_stride) = 0;

  /// True where the result for a sequence does not depend on the others.
  [[nodiscard]] virtual bool keepsRowsApart() const = 0;
  /// Multiply-accumulates that are worth a thread of their own, and waiting for it.
  [[nodiscard]] virtual int64_t macsForThread() const = 0;
};

/// With gates [gates * units, units] of floats, one behind the other.
std::unique_ptr<StateProduct> makeFloatStateProduct(const float* gates, int64_t gate_count, int64_t units);

/// Gates of 8-bit integers.
struct ByteGates {
  std::vector<int8_t> numbers;  ///< symmetric, [gates * units, units]
  std::vector<float> scales;    ///< one for each row
};

/// The states become uint8 by their own range at each step, as DynamicQuantizeLinear does it, and are multiplied by
/// integers; the sums are exact on every CPU, unless `pair_sums` wants them to saturate.
std::unique_ptr<StateProduct> makeByteStateProduct(const ByteGates& gates, int64_t units, PairSums pair_sums);

}  // namespace quant::onednn
