// Which form computes an Int8Layer on this CPU: the fastest that gives the exact sums.
#include <algorithm>
#include <cstdlib>

#include "runtime/cpu.h"
#include "runtime/onednn/int8_activated_form.h"
#include "runtime/onednn/int8_depthwise_block_form.h"
#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_results.h"
#include "runtime/onednn/int8_tiled_form.h"

namespace quant::onednn {

bool pairsFit(const Tensor& weights) {
  constexpr int32_t kMost = 128;  // 255 * 128 < 2^15
  const int64_t channels = weights.shape()[1];
  const int64_t positions = weights.elementCount() / std::max<int64_t>(weights.shape()[0] * channels, 1);
  const int8_t* const data = weights.data<int8_t>().data();
  for (int64_t output = 0; output < weights.shape()[0]; ++output) {
    for (int64_t channel = 0; channel + 1 < channels; channel += 2) {
      const int8_t* const first = data + (output * channels + channel) * positions;
      for (int64_t position = 0; position < positions; ++position) {
        const int32_t a = first[position], b = first[positions + position];
        if ((a ^ b) >= 0 && std::abs(a) + std::abs(b) > kMost) return false;
      }
    }
  }
  return true;
}

namespace {

/// The tiles that give `pair_sums`.
TileKind tileKind(const Int8Layer& layer, PairSums pair_sums) {
  if (pair_sums == PairSums::kSaturating) return TileKind::kPairs;
  if (hasExactInt8Sums()) return TileKind::kBytes;
  return pairsFit(layer.weights) ? TileKind::kPairs : TileKind::kWords;
}

/// True where oneDNN's kernel gives `pair_sums` as well.
bool directFormFits(const Int8Layer& layer, PairSums pair_sums) {
  // oneDNN 3.2's AVX2 kernel for depthwise convolutions multiplies the channels behind the last whole group of 8 by 0
  // when there is a bias.
  if (isDepthwise(layer)) return vectorUnit() == VectorUnit::kAvx512;
  if (pair_sums == PairSums::kExact && hasExactInt8Sums()) return true;
  return layer.src_type == DataType::kUInt8 && pairsFit(layer.weights);
}

/// Where both forms fit, which one is faster: measured on the layers of EfficientNet-Lite0. Our tiles store results
/// faster, and lose without AMX where a panel is filled up.
bool directFormIsFaster(const Int8Layer& layer) {
  const int64_t columns = layer.weights.shape()[0] / layer.groups;
  const int64_t computed = (columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
  return !hasAmx() && 5 * computed > 6 * columns &&
         layer.groups == 1;  // oneDNN runs groups such as these on plain loops
}

}  // namespace

std::unique_ptr<Int8Form> chooseInt8Form(const Int8Layer& layer, PairSums pair_sums) {
  const bool direct_fits = directFormFits(layer, pair_sums);
  if (!Int8Results::knows(layer.activation)) {
    return direct_fits ? makeDirectForm(layer) : makeActivatedForm(layer, pair_sums);
  }
  if (isDepthwise(layer)) return makeDepthwiseBlockForm(layer);
  if (direct_fits && directFormIsFaster(layer)) return makeDirectForm(layer);
  return makeTiledForm(layer, tileKind(layer, pair_sums));
}

}  // namespace quant::onednn
