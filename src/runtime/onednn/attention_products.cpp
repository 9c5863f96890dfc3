#include "runtime/onednn/attention_products.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "core/tensor.h"
#include "runtime/cpu.h"
#include "runtime/onednn/float_panels.h"
#include "runtime/onednn/int8_panels.h"
#include "runtime/onednn/int8_source.h"
#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

namespace {

static_assert(kFloatPanelColumns == kPanelColumns && kRowGroup == kPanelColumns);

int64_t panelsFor(int64_t columns) { return (columns + kPanelColumns - 1) / kPanelColumns; }

/// Memory that grows, aligned for vectors.
template <class T>
class Buffer {
 public:
  /// Room for `count` elements; what was there is lost when it grows.
  T* reserve(int64_t count) {
    const auto bytes = count * static_cast<int64_t>(sizeof(T));
    if (static_cast<int64_t>(memory_.byteSize()) < bytes) memory_ = Tensor(DataType::kUInt8, {bytes});
    return data();
  }
  T* data() { return static_cast<T*>(memory_.bytes()); }

 private:
  Tensor memory_{DataType::kUInt8, {0}};
};

template <class T>
const T* at(const AttentionMatrix& matrix, int64_t row) {
  return reinterpret_cast<const T*>(matrix.data) + row * matrix.row_stride;
}

/// `count` elements that lie `stride` apart, side by side: in place where they are.
template <class T>
const T* gathered(const T* from, int64_t stride, int64_t count, Buffer<T>& scratch) {
  if (stride == 1) return from;
  T* const to = scratch.reserve(count);
  for (int64_t i = 0; i < count; ++i) to[i] = from[i * stride];
  return to;
}

void copyRows(const float* from, int64_t from_stride, int64_t rows, int64_t columns, float* to, int64_t to_stride) {
  for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * from_stride, columns, to + r * to_stride);
}

class FloatProducts final : public AttentionProducts {
 public:
  void read(const AttentionMatrix& keys, const AttentionMatrix& values) override {
    depth_ = keys.rows;
    keys_ = keys.columns;
    columns_ = values.columns;
    packKeys(keys);
    packValues(values);
    const int64_t widest = std::max(panelsFor(keys_), panelsFor(columns_)) * kPanelColumns;
    zeros_.assign(static_cast<size_t>(widest), 0.0F);
    start_.fill(zeros_.data());
  }

  void score(const AttentionMatrix& queries, float* scores, int64_t stride) override {
    FloatRows rows{at<float>(queries, 0), queries.row_stride, queries.rows};
    if (queries.column_stride != 1) {
      float* const copy = query_rows_.reserve(queries.rows * depth_);
      for (int64_t r = 0; r < queries.rows; ++r) {
        for (int64_t c = 0; c < depth_; ++c) copy[r * depth_ + c] = at<float>(queries, r)[c * queries.column_stride];
      }
      rows = {copy, depth_, queries.rows};
    }
    kernel_(rows, {key_panels_.data(), depth_, panelsFor(keys_)}, start_.data(), scores, stride);
  }

  void mix(const ScoreRows& exponentials, const float* sums, float* result, int64_t result_stride) override {
    const int64_t padded = panelsFor(columns_) * kPanelColumns;
    const bool in_place = padded == columns_;
    float* const products = in_place ? result : result_rows_.reserve(exponentials.rows * padded);
    const int64_t stride = in_place ? result_stride : padded;
    kernel_({exponentials.data, exponentials.stride, exponentials.rows},
            {value_panels_.data(), keys_, panelsFor(columns_)}, start_.data(), products, stride);
    for (int64_t r = 0; r < exponentials.rows; ++r) divideRow(products + r * stride, columns_, sums[r]);
    if (!in_place) copyRows(products, padded, exponentials.rows, columns_, result, result_stride);
  }

 private:
  void packKeys(const AttentionMatrix& keys) {
    float* const panels = key_panels_.reserve(panelsFor(keys_) * kPanelColumns * depth_);
    if (keys_ % kPanelColumns != 0) {
      std::fill_n(panels + keys_ / kPanelColumns * kPanelColumns * depth_, kPanelColumns * depth_, 0.0F);
    }
    for (int64_t key = 0; key < keys_; ++key) {
      const float* const from = at<float>(keys, 0) + key * keys.column_stride;
      float* const to = panels + key / kPanelColumns * kPanelColumns * depth_ + key % kPanelColumns;
      for (int64_t k = 0; k < depth_; ++k) to[k * kPanelColumns] = from[k * keys.row_stride];
    }
  }

  void packValues(const AttentionMatrix& values) {
    float* const panels = value_panels_.reserve(panelsFor(columns_) * kPanelColumns * keys_);
    for (int64_t key = 0; key < keys_; ++key) {
      const float* const from = gathered(at<float>(values, key), values.column_stride, columns_, row_);
      for (int64_t first = 0; first < columns_; first += kPanelColumns) {
        float* const to = panels + (first * keys_) + key * kPanelColumns;
        const int64_t count = std::min(kPanelColumns, columns_ - first);
        std::copy_n(from + first, count, to);
        std::fill(to + count, to + kPanelColumns, 0.0F);
      }
    }
  }

  PanelKernel kernel_ = findPanelKernel();
  int64_t depth_ = 0, keys_ = 0, columns_ = 0;
  Buffer<float> key_panels_, value_panels_, query_rows_, result_rows_, row_;
  std::vector<float> zeros_;
  std::array<const float*, kMostScoreRows> start_{};
};

/// Rows and panels of integers: of 16 bits, less their zero points, or, where the CPU adds up bytes exactly, of 8.
///
/// Of bytes, rows are unsigned and columns signed, and their zero points a and b come in afterwards:
///   sum of (x - a) (y - b) = sum of x y - a sum of y - b sum of x + depth a b
template <class Number>
class ByteProducts final : public AttentionProducts {
 public:
  explicit ByteProducts(const ByteAttention& attention)
      : q_(attention.q, 0),
        k_(attention.k, kSignBit),
        v_(attention.v, kSignBit),
        p_(attention.p, 0),
        score_multiplier_(attention.score_multiplier),
        result_multiplier_(attention.result_multiplier) {}

  void read(const AttentionMatrix& keys, const AttentionMatrix& values) override {
    depth_ = keys.rows;
    keys_ = keys.columns;
    columns_ = values.columns;
    packKeys(keys);
    packValues(values);
  }

  void score(const AttentionMatrix& queries, float* scores, int64_t stride) override {
    const int64_t width = widthOf(depth_);
    Number* const rows = rows_.reserve(queries.rows * width);
    for (int64_t r = 0; r < queries.rows; ++r) {
      readRun(q_, queries.data, r * queries.row_stride, queries.column_stride, depth_, rows + r * width);
    }
    multiply({rows, queries.rows, depth_, k_.zero}, key_panels_, score_multiplier_, scores, stride);
  }

  void mix(const ScoreRows& exponentials, const float* sums, float* result, int64_t result_stride) override {
    const int64_t width = widthOf(keys_), padded = wholePanels(columns_), rows = exponentials.rows;
    Number* const wide = rows_.reserve(rows * width);
    for (int64_t r = 0; r < rows; ++r) {
      RoundScale scale = *p_.real;
      scale.scale = 1 / (sums[r] * scale.scale);
      roundProducts(exponentials.data + r * exponentials.stride, wide + r * width, keys_, scale);
      std::fill(wide + r * width + keys_, wide + (r + 1) * width, Number{0});
    }
    const bool in_place = padded == columns_;
    float* const to = in_place ? result : floats_.reserve(rows * padded);
    multiply({wide, rows, keys_, v_.zero}, value_panels_, result_multiplier_, to, in_place ? result_stride : padded);
    if (!in_place) copyRows(to, padded, rows, columns_, result, result_stride);
  }

 private:
  static constexpr bool kBytes = sizeof(Number) == 1;
  static constexpr int64_t kPerStep = kStepBytes / static_cast<int64_t>(sizeof(Number));
  static constexpr int64_t kPanelsAtATime = 8;

  static constexpr uint8_t kSignBit = 0x80;

  /// An operand, and how its numbers are multiplied: as words less the zero point, as unsigned bytes, or as signed
  /// ones.
  struct Operand {
    Operand(const ByteOperand& given, uint8_t sign_bit)
        : real(given.real),
          unsigned_zero(given.zero_point + given.flip),
          zero(kBytes ? unsigned_zero - sign_bit : 0),
          given_flip(given.flip),
          flip(given.flip ^ sign_bit) {
      if (real) real->offset = zero;
    }

    std::optional<RoundScale> real;
    int32_t unsigned_zero, zero;  // the zero point of the unsigned bytes, and of the numbers as they are multiplied
    uint8_t given_flip, flip;     // what makes unsigned bytes of what is given, and what makes the numbers
  };

  /// [panels][steps][kPanelColumns][kPerStep], and what the sums of the columns begin with.
  struct Panels {
    Buffer<int32_t> numbers;
    std::vector<int32_t> start;
    int64_t columns = 0;
  };

  struct Rows {
    const Number* data;
    int64_t count, depth;
    int32_t column_zero;  // of what they are multiplied with
  };

  static int64_t stepsFor(int64_t numbers) { return (numbers + kPerStep - 1) / kPerStep; }
  static int64_t widthOf(int64_t numbers) { return stepsFor(numbers) * kPerStep; }
  static int64_t wholePanels(int64_t columns) { return panelsFor(columns) * kPanelColumns; }

  /// Filled up to a whole step.
  void readRun(const Operand& operand, const std::byte* data, int64_t first, int64_t stride, int64_t count,
               Number* to) {
    if (operand.real) {
      const float* const from = gathered(reinterpret_cast<const float*>(data) + first, stride, count, floats_);
      roundQuotients(from, to, count, *operand.real);
    } else {
      const uint8_t* const from = gathered(reinterpret_cast<const uint8_t*>(data) + first, stride, count, bytes_);
      if constexpr (kBytes) {
        flipBytes(from, to, count, operand.flip);
      } else {
        widenRun(from, count, operand.unsigned_zero, operand.given_flip, to);
      }
    }
    std::fill(to + count, to + widthOf(count), Number{0});
  }

  /// The column's part of the zero points: -a sum of y + depth a b.
  void setStart(Panels& panels, int64_t column, int32_t sum, const Operand& row, const Operand& own, int64_t depth) {
    panels.start[static_cast<size_t>(column)] = row.zero * (static_cast<int32_t>(depth) * own.zero - sum);
  }

  int32_t* prepare(Panels& panels, int64_t columns, int64_t steps) {
    panels.columns = columns;
    panels.start.assign(static_cast<size_t>(wholePanels(columns)), 0);
    int32_t* const numbers = panels.numbers.reserve(wholePanels(columns) * steps);
    const int64_t whole = columns / kPanelColumns * kPanelColumns;
    std::fill(numbers + whole * steps, numbers + wholePanels(columns) * steps, 0);
    return numbers;
  }

  void packKeys(const AttentionMatrix& keys) {
    const int64_t steps = stepsFor(depth_);
    int32_t* const panels = prepare(key_panels_, keys_, steps);
    Number* const run = rows_.reserve(steps * kPerStep);
    for (int64_t key = 0; key < keys_; ++key) {
      readRun(k_, keys.data, key * keys.column_stride, keys.row_stride, depth_, run);
      int32_t* const to = panels + key / kPanelColumns * kPanelColumns * steps + key % kPanelColumns;
      for (int64_t step = 0; step < steps; ++step) {
        std::memcpy(to + step * kPanelColumns, run + kPerStep * step, kStepBytes);
      }
      if constexpr (kBytes) {
        setStart(key_panels_, key, sumOfSignedBytes(run, depth_), q_, k_, depth_);
      }
    }
  }

  void packValues(const AttentionMatrix& values) {
    const int64_t steps = stepsFor(keys_), padded = wholePanels(columns_), room = padded + kPerStep;
    int32_t* const panels = prepare(value_panels_, columns_, steps);
    Number* const runs = rows_.reserve(kPerStep * room);
    std::vector<int32_t> totals(static_cast<size_t>(kBytes ? columns_ : 0), 0);
    for (int64_t step = 0; step < steps; ++step) {
      std::fill_n(runs, kPerStep * room, Number{0});
      for (int64_t i = 0; i < kPerStep && step * kPerStep + i < keys_; ++i) {
        readRun(v_, values.data, (step * kPerStep + i) * values.row_stride, values.column_stride, columns_,
                runs + i * room);
        if constexpr (kBytes) addSignedBytes(runs + i * room, totals.data(), columns_);
      }
      for (int64_t c = 0; c < padded; ++c) {
        std::array<Number, kPerStep> step_of_column;
        for (int64_t i = 0; i < kPerStep; ++i) step_of_column[static_cast<size_t>(i)] = runs[i * room + c];
        std::memcpy(panels + (c / kPanelColumns * steps + step) * kPanelColumns + c % kPanelColumns,
                    step_of_column.data(), kStepBytes);
      }
    }
    for (size_t c = 0; c < totals.size(); ++c) {
      setStart(value_panels_, static_cast<int64_t>(c), totals[c], p_, v_, keys_);
    }
  }

  void multiply(const Rows& rows, Panels& panels, float multiplier, float* to, int64_t to_stride) {
    const int64_t steps = stepsFor(rows.depth), total = panelsFor(panels.columns);
    if (static_cast<int64_t>(offsets_.size()) < steps) offsets_ = denseOffsets(steps);
    std::array<int32_t, kMostScoreRows> row_parts{};
    if constexpr (kBytes) {
      for (int64_t r = 0; rows.column_zero != 0 && r < rows.count; ++r) {
        row_parts[static_cast<size_t>(r)] = rows.column_zero * sumOfBytes(rows.data + r * steps * kPerStep, rows.depth);
      }
    }
    const TileRows tile{
        reinterpret_cast<const std::byte*>(rows.data), steps * kStepBytes, rows.count, offsets_.data(), steps, steps};
    const TileKernel kernel = matrix_kernel_ != nullptr && rows.count >= kRowsForMatrix ? matrix_kernel_ : kernel_;
    const int64_t panel_bytes = steps * kPanelColumns * kStepBytes;
    int32_t* const sums = sums_.reserve(kPanelsAtATime * rows.count * kPanelColumns);
    for (int64_t panel = 0; panel < total; panel += kPanelsAtATime) {
      const int64_t taken = std::min(kPanelsAtATime, total - panel);
      kernel(tile,
             {reinterpret_cast<const std::byte*>(panels.numbers.data()) + panel * panel_bytes, panel_bytes, taken},
             panels.start.data() + panel * kPanelColumns, sums);
      for (int64_t p = 0; p < taken; ++p) {
        scaleSums(sums + p * rows.count * kPanelColumns, row_parts.data(), to + (panel + p) * kPanelColumns, to_stride,
                  rows.count, multiplier);
      }
    }
  }

  static constexpr int64_t kRowsForMatrix = 8;

  Operand q_, k_, v_, p_;
  float score_multiplier_, result_multiplier_;
  TileKernel kernel_ = findTileKernel(kBytes ? TileKind::kBytes : TileKind::kWords);
  TileKernel matrix_kernel_ = kBytes ? findMatrixTileKernel() : nullptr;
  int64_t depth_ = 0, keys_ = 0, columns_ = 0;
  Panels key_panels_, value_panels_;
  Buffer<Number> rows_;
  Buffer<int32_t> sums_;
  Buffer<float> floats_;
  Buffer<uint8_t> bytes_;
  std::vector<int32_t> offsets_;
};

}  // namespace

std::unique_ptr<AttentionProducts> makeFloatAttentionProducts() { return std::make_unique<FloatProducts>(); }

std::unique_ptr<AttentionProducts> makeByteAttentionProducts(const ByteAttention& attention) {
  if (hasExactInt8Sums()) return std::make_unique<ByteProducts<uint8_t>>(attention);
  return std::make_unique<ByteProducts<int16_t>>(attention);
}

}  // namespace quant::onednn
