#pragma once

namespace quant::onednn {

/// How products of 8-bit numbers are added up.
enum class PairSums {
  kExact,       ///< in 32 bits, as CPUs with VNNI do and as ONNX means it
  kSaturating,  ///< neighbours first, in 16 bits with saturation: vpmaddubsw, on CPUs without VNNI
};

}  // namespace quant::onednn
