// The body of the depthwise kernels of one instruction set: included once for each, inside a namespace of its own, with
// QUANTIZE_TARGET set to what gcc calls the set, and with
//   Vector, kLanes, kMostPixels       a register of int32 sums; pixels whose sums fit into the registers
//   load(p), store(p, v)
//   widen(p)                          kLanes bytes as int32
//   multiplyAdd(sums, bytes, weights)

constexpr int64_t kVectors = kPanelColumns / kLanes;

/// kPixels pixels from `first` on, where taps are neighbours and pixels kStep taps apart: what one pixel reads, others
/// use as well.
template <int kTaps, int kStep, int kPixels>
[[gnu::target(QUANTIZE_TARGET)]] void addNeighbours(const DepthwiseLine& line, int64_t first, int64_t channel,
                                                    const int32_t* weights, const int32_t* start, int32_t* sums) {
  Vector totals[kPixels][kVectors];
#pragma GCC unroll 2
  for (int64_t v = 0; v < kVectors; ++v) {
    const Vector begin = load(start + v * kLanes);
#pragma GCC unroll 8
    for (int pixel = 0; pixel < kPixels; ++pixel) totals[pixel][v] = begin;
  }
  for (int64_t l = 0; l < line.line_count; ++l, weights += kTaps * kPanelColumns) {
    const std::byte* const from = line.lines[l] + first * line.step_bytes + channel;
#pragma GCC unroll 32
    for (int at = 0; at < (kPixels - 1) * kStep + kTaps; ++at) {
#pragma GCC unroll 2
      for (int64_t v = 0; v < kVectors; ++v) {
        const Vector bytes = widen(from + at * line.tap_bytes + v * kLanes);
#pragma GCC unroll 8
        for (int pixel = 0; pixel < kPixels; ++pixel) {
          const int tap = at - pixel * kStep;
          if (tap < 0 || tap >= kTaps) continue;
          totals[pixel][v] = multiplyAdd(totals[pixel][v], bytes, load(weights + tap * kPanelColumns + v * kLanes));
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int pixel = 0; pixel < kPixels; ++pixel) {
#pragma GCC unroll 2
    for (int64_t v = 0; v < kVectors; ++v) store(sums + pixel * kPanelColumns + v * kLanes, totals[pixel][v]);
  }
}

/// Any kernel.
[[gnu::target(QUANTIZE_TARGET)]] inline void addPixel(const DepthwiseLine& line, int64_t pixel, int64_t channel,
                                                      const int32_t* weights, const int32_t* start, int32_t* sums) {
  for (int64_t v = 0; v < kVectors; ++v) {
    Vector total = load(start + v * kLanes);
    const int32_t* factors = weights + v * kLanes;
    for (int64_t l = 0; l < line.line_count; ++l) {
      const std::byte* from = line.lines[l] + pixel * line.step_bytes + channel + v * kLanes;
      for (int64_t tap = 0; tap < line.taps; ++tap, from += line.tap_bytes, factors += kPanelColumns) {
        total = multiplyAdd(total, widen(from), load(factors));
      }
    }
    store(sums + v * kLanes, total);
  }
}

using PixelsKernel = void (*)(const DepthwiseLine& line, int64_t first, int64_t channel, const int32_t* weights,
                              const int32_t* start, int32_t* sums);

/// kernels[n - 1] takes n pixels: they are dealt out evenly.
template <int kTaps, int kStep, size_t... kCount>
void addInTurns(std::index_sequence<kCount...> /*pixels*/, const DepthwiseLine& line, int64_t channel,
                const int32_t* weights, const int32_t* start, int32_t* sums) {
  static constexpr PixelsKernel kKernels[] = {addNeighbours<kTaps, kStep, static_cast<int>(kCount) + 1>...};
  const int64_t turns = (line.pixels + kMostPixels - 1) / kMostPixels;
  for (int64_t turn = 0; turn < turns; ++turn) {
    const int64_t first = line.pixels * turn / turns, count = line.pixels * (turn + 1) / turns - first;
    kKernels[count - 1](line, first, channel, weights, start, sums + first * kPanelColumns);
  }
}

inline void addLine(const DepthwiseLine& line, int64_t channel, const int32_t* weights, const int32_t* start,
                    int32_t* sums) {
  constexpr auto kCounts = std::make_index_sequence<kMostPixels>();
  const bool is_3 = line.taps == 3, is_5 = line.taps == 5;
  const bool steps_1 = line.step_bytes == line.tap_bytes, steps_2 = line.step_bytes == 2 * line.tap_bytes;
  if (is_3 && steps_1) return addInTurns<3, 1>(kCounts, line, channel, weights, start, sums);
  if (is_3 && steps_2) return addInTurns<3, 2>(kCounts, line, channel, weights, start, sums);
  if (is_5 && steps_1) return addInTurns<5, 1>(kCounts, line, channel, weights, start, sums);
  if (is_5 && steps_2) return addInTurns<5, 2>(kCounts, line, channel, weights, start, sums);
  for (int64_t pixel = 0; pixel < line.pixels; ++pixel) {
    addPixel(line, pixel, channel, weights, start, sums + pixel * kPanelColumns);
  }
}
