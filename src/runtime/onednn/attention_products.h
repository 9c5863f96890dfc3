#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "core/data_type.h"
#include "runtime/onednn/attention_rows.h"

namespace quant::onednn {

/// A matrix in memory: element (r, c) lies at data + r * row_stride + c * column_stride, strides in elements.
struct AttentionMatrix {
  const std::byte* data = nullptr;
  int64_t rows = 0, columns = 0, row_stride = 0, column_stride = 0;
};

/// The two products of one head after the other. Belongs to one thread.
class AttentionProducts {
 public:
  virtual ~AttentionProducts() = default;
  /// The keys [depth, keys] and values [keys, columns] of a head, for the calls that follow.
  virtual void read(const AttentionMatrix& keys, const AttentionMatrix& values) = 0;
  /// scores[r][key], rows `stride` apart, with room for whole groups.
  virtual void score(const AttentionMatrix& queries, float* scores, int64_t stride) = 0;
  /// result[r][c] of the probabilities that exponentials over their rows' sums are; `result` has rows of just the
  /// columns, `result_stride` apart.
  virtual void mix(const ScoreRows& exponentials, const float* sums, float* result, int64_t result_stride) = 0;
};

std::unique_ptr<AttentionProducts> makeFloatAttentionProducts();

/// An operand of 8-bit integers: bytes, or floats that still have to become integers.
struct ByteOperand {
  int32_t zero_point = 0;
  uint8_t flip = 0;                ///< 0x80 for signed bytes
  std::optional<RoundScale> real;  ///< of floats: without an offset
};

/// q, k, v and the probabilities, and what sums of products are multiplied with.
struct ByteAttention {
  ByteOperand q, k, v, p;
  float score_multiplier = 1, result_multiplier = 1;
};

/// Exact sums on any CPU.
std::unique_ptr<AttentionProducts> makeByteAttentionProducts(const ByteAttention& attention);

}  // namespace quant::onednn
