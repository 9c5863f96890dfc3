#include "runtime/onednn/number_range.h"

#include <algorithm>
#include <array>

#include "core/for_each_cpu.h"

namespace quant::onednn {

QUANTIZE_FOR_EACH_CPU void widenRange(const float* x, int64_t count, reference::DynamicRange& range) {
  constexpr int64_t kLanes = 32;
  std::array<float, kLanes> low, high;
  low.fill(range.low);
  high.fill(range.high);
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      low[lane] = x[i + lane] < low[lane] ? x[i + lane] : low[lane];
      high[lane] = x[i + lane] > high[lane] ? x[i + lane] : high[lane];
    }
  }
  for (; i < count; ++i) {
    low[0] = std::min(low[0], x[i]);
    high[0] = std::max(high[0], x[i]);
  }
  range.low = *std::ranges::min_element(low);
  range.high = *std::ranges::max_element(high);
}

}  // namespace quant::onednn
