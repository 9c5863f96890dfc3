#pragma once

#include <cstdint>

namespace quant::onednn {

// What happens to rows of numbers between the products of an attention. Rows have room for whole groups of kRowGroup
// numbers, which are computed, too: so there is no rest to be done one by one.

inline constexpr int64_t kRowGroup = 16;
/// The most rows that are handed over at a time.
inline constexpr int64_t kMostScoreRows = 32;

/// Numbers that are added to a row of scores: one after the other, or the first one everywhere.
struct MaskRow {
  const float* data = nullptr;  ///< null for none
  bool is_one_number = false;
};

/// Rows of floats, `stride` apart.
struct ScoreRows {
  float* data;
  int64_t rows, count, stride;
};

/// softmax(scores * factor + mask) but for the last step: exponentials of the difference to the row's largest number,
/// and their sums (1 without scores). `masks` has one for each row, or is null. A row is NaN where one of its scores
/// is, or where all are -infinity. What fills a row up becomes 0.
void exponentialRows(const ScoreRows& scores, float factor, const MaskRow* masks, float* sums);

/// to[r][c] = float(sums[r][c] - offsets[r]) * factor, in whole groups: `sums` has rows of kRowGroup numbers.
void scaleSums(const int32_t* sums, const int32_t* offsets, float* to, int64_t to_stride, int64_t rows, float factor);

/// x /= by
void divideRow(float* x, int64_t count, float by);

/// How real numbers become integers: round half to even(x * factor or x / divisor) within `low` and `high`, plus
/// `offset`; NaN counts as 0. As QuantizeLinear gives them with the ends of the type less the zero point, and the zero
/// point as offset.
struct RoundScale {
  float scale = 1, low = 0, high = 0;
  int32_t offset = 0;
};
void roundQuotients(const float* from, int16_t* to, int64_t count, const RoundScale& scale);
void roundQuotients(const float* from, uint8_t* to, int64_t count, const RoundScale& scale);
void roundProducts(const float* from, int16_t* to, int64_t count, const RoundScale& scale);
void roundProducts(const float* from, uint8_t* to, int64_t count, const RoundScale& scale);

/// to = from with the bits of `flip` changed.
void flipBytes(const uint8_t* from, uint8_t* to, int64_t count, uint8_t flip);

/// The sum of bytes, read as unsigned or as signed ones.
int32_t sumOfBytes(const uint8_t* bytes, int64_t count);
int32_t sumOfSignedBytes(const uint8_t* bytes, int64_t count);

/// totals[i] += bytes[i], as signed ones.
void addSignedBytes(const uint8_t* bytes, int32_t* totals, int64_t count);

}  // namespace quant::onednn
