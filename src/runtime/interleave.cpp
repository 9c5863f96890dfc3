#include "runtime/interleave.h"

#include <immintrin.h>

#include <array>

#include "core/for_each_cpu.h"
#include "runtime/broadcast.h"

namespace quant {

namespace {

constexpr int64_t kPixels = 16;

/// Where the bytes of 16 pixels of one colour go: shuffles[part][i] is the pixel that byte i of the part's 16 bytes
/// holds, or 0x80 for another colour's byte.
using Shuffles = std::array<std::array<uint8_t, kPixels>, 3>;

constexpr Shuffles shufflesOf(int colour) {
  Shuffles shuffles{};
  for (int byte = 0; byte < 3 * kPixels; ++byte) {
    shuffles[static_cast<size_t>(byte / kPixels)][static_cast<size_t>(byte % kPixels)] =
        byte % 3 == colour ? static_cast<uint8_t>(byte / 3) : 0x80;
  }
  return shuffles;
}

/// Whole groups of 16 pixels; returns how many pixels that was.
[[gnu::target("ssse3")]] int64_t interleaveGroups(const uint8_t* planes, uint8_t* dst, int64_t count) {
  alignas(16) static constexpr std::array<Shuffles, 3> kShuffles = {shufflesOf(0), shufflesOf(1), shufflesOf(2)};
  int64_t i = 0;
  for (; i + kPixels <= count; i += kPixels) {
    for (size_t part = 0; part < 3; ++part) {
      __m128i bytes = _mm_setzero_si128();
      for (size_t colour = 0; colour < 3; ++colour) {
        const uint8_t* const plane = planes + static_cast<int64_t>(colour) * count + i;
        const __m128i pixels = _mm_loadu_si128(reinterpret_cast<const __m128i*>(plane));
        const __m128i order = _mm_load_si128(reinterpret_cast<const __m128i*>(kShuffles[colour][part].data()));
        bytes = _mm_or_si128(bytes, _mm_shuffle_epi8(pixels, order));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(dst + 3 * i + static_cast<int64_t>(part) * kPixels), bytes);
    }
  }
  return i;
}

/// The compiler makes vectors of a loop in which nothing but the pixel varies.
QUANTIZE_FOR_EACH_CPU
void interleave(const uint32_t* __restrict a, const uint32_t* __restrict b, const uint32_t* __restrict c,
                uint32_t* __restrict dst, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    dst[3 * i] = a[i];
    dst[3 * i + 1] = b[i];
    dst[3 * i + 2] = c[i];
  }
}

}  // namespace

void interleaveColours(const uint8_t* planes, uint8_t* dst, int64_t count) {
  int64_t i = __builtin_cpu_supports("ssse3") != 0 ? interleaveGroups(planes, dst, count) : 0;
  for (; i < count; ++i) {
    for (int64_t colour = 0; colour < 3; ++colour) dst[3 * i + colour] = planes[colour * count + i];
  }
}

void interleaveColours(const uint32_t* planes, uint32_t* dst, int64_t count) {
  parallelRange(count, [&](int64_t begin, int64_t end) {
    const uint32_t* const first = planes + begin;
    interleave(first, first + count, first + 2 * count, dst + 3 * begin, end - begin);
  });
}

}  // namespace quant
