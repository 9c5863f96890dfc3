#pragma once

#include <cstddef>

namespace quant {

/// Inputs and attributes of the fused operators FusedAttention (of floats) and QAttention (of 8-bit integers), in
/// lowering's own domain:
///
///   scores = q k * score_multiplier * scale [+ mask]    q [batch, heads, rows, depth], k [batch, heads, depth, keys]
///   y      = p v * result_multiplier                    p = softmax(scores) along the keys, v [batch, heads, keys, n]
///
/// Operands have 2 to 4 axes and are broadcast as in MatMul and Add. One that lies transposed in memory has an
/// `_order`: transposed by it, as Transpose does, it is the operand; `result_order` transposes y. The multipliers are 1
/// for floats. In QAttention q, k, v and p become integers with the zero points of the attributes. Where q, k or v has
/// a `_type`, it is float and quantized first, as p always is.
struct AttentionNames {
  static constexpr size_t kQuery = 0, kKey = 1, kValue = 2, kMask = 3;

  static constexpr const char* kScale = "scale";
  static constexpr const char* kScoreMultiplier = "score_multiplier";
  static constexpr const char* kResultMultiplier = "result_multiplier";
  static constexpr const char* kResultOrder = "result_order";
  // Behind the name of an operand:
  static constexpr const char* kOrder = "_order";
  static constexpr const char* kQuantizedScale = "_scale";
  static constexpr const char* kZeroPoint = "_zero_point";
  static constexpr const char* kType = "_type";
  /// The operands' names; the last one is what softmax gives.
  static constexpr const char* kOperands[] = {"q", "k", "v", "p"};
};

}  // namespace quant
