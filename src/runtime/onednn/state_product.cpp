#include "runtime/onednn/state_product.h"

#include <algorithm>
#include <array>

#include "core/for_each_cpu.h"
#include "runtime/cpu.h"
#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_loops.h"
#include "runtime/onednn/int8_panels.h"
#include "runtime/onednn/number_range.h"

namespace quant::onednn {

namespace {

using Rows = std::vector<const float*>;

/// Starts for a last block that is not whole: copies, so that nothing is read behind the numbers of a row.
class LastStarts {
 public:
  void prepare(int64_t rows) {
    numbers_.assign(static_cast<size_t>(rows * kUnitBlock), 0);
    rows_.resize(static_cast<size_t>(rows));
    for (size_t r = 0; r < rows_.size(); ++r) rows_[r] = numbers_.data() + static_cast<int64_t>(r) * kUnitBlock;
  }
  /// The numbers [at, at + count) of each row, and zeros.
  const float* const* copy(const float* const* start, int64_t rows, int64_t at, int64_t count) {
    for (size_t r = 0; r < static_cast<size_t>(rows); ++r) {
      std::copy_n(start[r] + at, count, numbers_.data() + static_cast<int64_t>(r) * kUnitBlock);
    }
    return rows_.data();
  }

 private:
  std::vector<float> numbers_;
  Rows rows_;
};

/// What both kinds have in common: gates as panels of units, of which only the last one may not be whole.
class PanelProduct : public StateProduct {
 public:
  PanelProduct(int64_t units) : units_(units), gate_panels_(paddedUnits(units) / kUnitBlock) {}

  void prepare(int64_t most_rows, int threads) override {
    taken_.resize(static_cast<size_t>(threads));
    last_starts_.resize(static_cast<size_t>(threads));
    for (LastStarts& starts : last_starts_) starts.prepare(most_rows);
  }
  void read(int thread, const float* /*states*/, int64_t rows) override { taken_[static_cast<size_t>(thread)] = rows; }

  void multiply(int thread, const Part& part, const float* const* start, float* dst, int64_t dst_stride) override {
    const int64_t whole = part.count / kUnitBlock, rest = part.count % kUnitBlock;
    const int64_t panel = part.gate * gate_panels_ + part.first / kUnitBlock;
    if (whole > 0) multiplyPanels(thread, panel, whole, start, dst, dst_stride);
    if (rest == 0) return;
    const int64_t at = whole * kUnitBlock;
    const float* const* const last = last_starts_[static_cast<size_t>(thread)].copy(start, rowsOf(thread), at, rest);
    multiplyPanels(thread, panel + whole, 1, last, dst + at, dst_stride);
  }

 protected:
  virtual void multiplyPanels(int thread, int64_t panel, int64_t count, const float* const* start, float* dst,
                              int64_t dst_stride) = 0;

  [[nodiscard]] int64_t rowsOf(int thread) const { return taken_[static_cast<size_t>(thread)]; }
  [[nodiscard]] int64_t units() const { return units_; }

 private:
  int64_t units_, gate_panels_;
  std::vector<int64_t> taken_;  // rows of each thread
  std::vector<LastStarts> last_starts_;
};

/// Rows for whole panels: each gate is filled up with zeros.
template <class T>
std::vector<T> padGates(const T* gates, int64_t gate_count, int64_t units, int64_t depth) {
  std::vector<T> padded(static_cast<size_t>(gate_count * paddedUnits(units) * depth));
  for (int64_t gate = 0; gate < gate_count; ++gate) {
    std::copy_n(gates + gate * units * depth, units * depth,
                padded.begin() + static_cast<std::ptrdiff_t>(gate * paddedUnits(units) * depth));
  }
  return padded;
}

// --- floats ----------------------------------------------------------------------------------------------------------

class FloatStateProduct final : public PanelProduct {
 public:
  FloatStateProduct(const float* gates, int64_t gate_count, int64_t units)
      : PanelProduct(units),
        panels_(padGates(gates, gate_count, units, units).data(), gate_count * paddedUnits(units), units),
        kernel_(findPanelKernel()) {}

  void prepare(int64_t most_rows, int threads) override {
    PanelProduct::prepare(most_rows, threads);
    states_.resize(static_cast<size_t>(threads));
  }
  void read(int thread, const float* states, int64_t rows) override {
    PanelProduct::read(thread, states, rows);
    states_[static_cast<size_t>(thread)] = states;
  }
  [[nodiscard]] bool keepsRowsApart() const override { return true; }
  [[nodiscard]] int64_t macsForThread() const override { return 1 << 16; }

 private:
  void multiplyPanels(int thread, int64_t panel, int64_t count, const float* const* start, float* dst,
                      int64_t dst_stride) override {
    kernel_({states_[static_cast<size_t>(thread)], paddedUnits(units()), rowsOf(thread)},
            {panels_.panel(panel), units(), count}, start, dst, dst_stride);
  }

  FloatPanels panels_;
  PanelKernel kernel_;
  Rows states_;
};

// --- 8-bit integers --------------------------------------------------------------------------------------------------

/// What one panel's sums lack: the part of the zero point, and the scale.
struct PanelScale {
  const int32_t* column_sums;
  int32_t zero_point;
  const float* column_scales;
  float scale;
};

/// dst = start + (sums - zero point * column sums) * scale * column scales, for the rows of a panel.
QUANTIZE_FOR_EACH_CPU void addScaled(const int32_t* __restrict sums, int64_t rows, const PanelScale& panel,
                                     const float* const* start, int64_t at, float* __restrict dst, int64_t dst_stride) {
  std::array<int32_t, kPanelColumns> shift;
  std::array<float, kPanelColumns> factor;
  for (int64_t c = 0; c < kPanelColumns; ++c) {
    shift[static_cast<size_t>(c)] = panel.zero_point * panel.column_sums[c];
    factor[static_cast<size_t>(c)] = panel.scale * panel.column_scales[c];
  }
  for (int64_t r = 0; r < rows; ++r) {
    const int32_t* const from = sums + r * kPanelColumns;
    const float* const begin = start[r] + at;
    float* const to = dst + r * dst_stride;
#pragma GCC ivdep
    for (int64_t c = 0; c < kPanelColumns; ++c) {
      const auto i = static_cast<size_t>(c);
      to[c] = begin[c] + static_cast<float>(from[c] - shift[i]) * factor[i];
    }
  }
}

class ByteStateProduct final : public PanelProduct {
 public:
  ByteStateProduct(const std::vector<int8_t>& gates, const std::vector<float>& scales, int64_t units, TileKind kind)
      : PanelProduct(units),
        kind_(kind),
        layout_(kind, {1, 1, 1}, units, false),
        panels_(gates.data(), std::ssize(scales), units, 1, layout_),
        offsets_(denseOffsets(layout_.steps())),
        scales_(scales),
        zeros_(static_cast<size_t>(kPanelColumns * kMostPanels)),
        kernel_(findTileKernel(kind)) {
    for (int64_t column = 0; column < std::ssize(scales); ++column) {
      int32_t sum = 0;
      for (int64_t k = 0; k < units; ++k) sum += gates[static_cast<size_t>(column * units + k)];
      column_sums_.push_back(kind == TileKind::kWords ? 0 : sum);  // words come without their zero point
    }
  }

  void prepare(int64_t most_rows, int threads) override {
    PanelProduct::prepare(most_rows, threads);
    states_.resize(static_cast<size_t>(threads));
    for (States& states : states_) {
      states.numbers.assign(static_cast<size_t>(most_rows * rowBytes()), std::byte{0});
      states.sums.resize(static_cast<size_t>(most_rows * kPanelColumns * kMostPanels));
    }
  }

  void read(int thread, const float* states, int64_t rows) override {
    PanelProduct::read(thread, states, rows);
    States& own = states_[static_cast<size_t>(thread)];
    reference::DynamicRange range;
    widenRange(states, rows * paddedUnits(units()), range);  // zeros between the rows do no harm: a range holds zero
    own.params = reference::dynamicParams(range);
    for (int64_t r = 0; r < rows; ++r) readRow(own, states + r * paddedUnits(units()), r);
  }

  /// One range is that of all sequences.
  [[nodiscard]] bool keepsRowsApart() const override { return false; }
  /// Integers are multiplied four times as fast.
  [[nodiscard]] int64_t macsForThread() const override { return 1 << 18; }

 private:
  /// A thread's own.
  struct States {
    std::vector<std::byte> numbers;
    std::vector<uint8_t> bytes;  // of one row that becomes words
    std::vector<int32_t> sums;
    reference::DynamicParams params;
  };

  [[nodiscard]] int64_t rowBytes() const { return layout_.steps() * kStepBytes; }

  void readRow(States& own, const float* state, int64_t row) const {
    const ByteScale to{own.params.scale, own.params.zero_point, 0};
    std::byte* const numbers = own.numbers.data() + row * rowBytes();
    if (kind_ != TileKind::kWords) return quantizeRun(state, reinterpret_cast<uint8_t*>(numbers), units(), to);
    own.bytes.resize(static_cast<size_t>(units()));
    quantizeRun(state, own.bytes.data(), units(), to);
    widenRun(own.bytes.data(), units(), own.params.zero_point, 0, reinterpret_cast<int16_t*>(numbers));
  }

  void multiplyPanels(int thread, int64_t panel, int64_t count, const float* const* start, float* dst,
                      int64_t dst_stride) override {
    States& own = states_[static_cast<size_t>(thread)];
    const int64_t rows = rowsOf(thread);
    const TileRows tile{own.numbers.data(), rowBytes(), rows, offsets_.data(), layout_.steps()};
    for (int64_t first = 0; first < count; first += kMostPanels) {
      const int64_t taken = std::min(kMostPanels, count - first);
      kernel_(tile, panels_.from(panel + first, taken), zeros_.data(), own.sums.data());
      for (int64_t p = 0; p < taken; ++p) {
        const int64_t at = (first + p) * kPanelColumns, column = (panel + first + p) * kPanelColumns;
        const PanelScale scale{column_sums_.data() + column, own.params.zero_point, scales_.data() + column,
                               own.params.scale};
        addScaled(own.sums.data() + p * rows * kPanelColumns, rows, scale, start, at, dst + at, dst_stride);
      }
    }
  }

  TileKind kind_;
  DepthLayout layout_;
  WeightPanels panels_;
  std::vector<int32_t> offsets_, column_sums_;
  std::vector<float> scales_;
  std::vector<int32_t> zeros_;
  TileKernel kernel_;
  std::vector<States> states_;
};

TileKind tileKindFor(const ByteGates& gates, int64_t units, PairSums pair_sums) {
  if (pair_sums == PairSums::kSaturating) return TileKind::kPairs;
  if (hasExactInt8Sums()) return TileKind::kBytes;
  const Shape shape{std::ssize(gates.scales), units};
  return pairsFit(Tensor::of<int8_t>(shape, std::span<const int8_t>(gates.numbers))) ? TileKind::kPairs
                                                                                     : TileKind::kWords;
}

}  // namespace

std::unique_ptr<StateProduct> makeFloatStateProduct(const float* gates, int64_t gate_count, int64_t units) {
  return std::make_unique<FloatStateProduct>(gates, gate_count, units);
}

std::unique_ptr<StateProduct> makeByteStateProduct(const ByteGates& gates, int64_t units, PairSums pair_sums) {
  static_assert(kPanelColumns == kUnitBlock);
  const int64_t gate_count = std::ssize(gates.scales) / units;
  return std::make_unique<ByteStateProduct>(padGates(gates.numbers.data(), gate_count, units, units),
                                            padGates(gates.scales.data(), gate_count, units, 1), units,
                                            tileKindFor(gates, units, pair_sums));
}

}  // namespace quant::onednn
