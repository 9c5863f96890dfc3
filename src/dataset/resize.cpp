#include "dataset/resize.h"

#include <emmintrin.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/error.h"
#include "core/for_each_cpu.h"

namespace quant {

namespace {

/// Filter weights are fixed-point numbers: 32 bits less 8 for the pixel and 2 for the sign and the overshoot of the
/// cubic filter.
constexpr int kPrecisionBits = 32 - 8 - 2;
constexpr int32_t kHalf = 1 << (kPrecisionBits - 1);

struct Filter {
  double radius;
  double (*weight)(double distance);
};

double triangle(double x) {
  x = std::abs(x);
  return x < 1 ? 1 - x : 0;
}

/// Keys' cubic convolution.
double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1) return ((kA + 2) * x - (kA + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * kA;
  return 0;
}

Filter filterOf(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kBilinear: return {1, triangle};
    case Interpolation::kBicubic: return {2, cubic};
  }
  throwInternal("no filter for interpolation {}", static_cast<int>(interpolation));
}

/// The source pixels that make one output pixel along one axis: `count` from `first`, their weights from `weights`.
struct Taps {
  int first;
  int count;
  size_t weights;
};

/// What makes each of a run of output pixels.
struct Axis {
  std::vector<Taps> taps;
  std::vector<int32_t> weights;

  [[nodiscard]] std::span<const int32_t> weightsOf(const Taps& of) const {
    return {weights.data() + of.weights, static_cast<size_t>(of.count)};
  }
  /// Source pixels that are read at all: [begin, end).
  [[nodiscard]] int begin() const { return taps.front().first; }
  [[nodiscard]] int end() const { return taps.back().first + taps.back().count; }
};

int32_t toFixedPoint(double weight) {
  return static_cast<int32_t>((weight < 0 ? -0.5 : 0.5) + weight * (1 << kPrecisionBits));
}

/// Halves become larger, as in Pillow: the sum is rounded to a double first, which std::lround would not do.
int roundUpHalf(double x) {
  return static_cast<int>(x + 0.5);  // NOLINT(bugprone-incorrect-roundings): equal bits need the same rounding
}

/// Weights of output pixels [begin, begin + count) where `src` pixels become `dst`. An output pixel lies at the centre
/// (i + 0.5) * src / dst; weights are normalised to sum to 1, also where the border cuts the filter.
Axis makeAxis(int src, int dst, int begin, int count, Interpolation interpolation, bool antialias) {
  const Filter filter = filterOf(interpolation);
  const double scale = static_cast<double>(src) / dst;
  const double stretch = antialias ? std::max(scale, 1.0) : 1.0;
  const double support = filter.radius * stretch;
  Axis axis;
  std::vector<double> weights;
  for (int i = begin; i < begin + count; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(roundUpHalf(center - support), 0);
    const int last = std::min(roundUpHalf(center + support), src);
    weights.clear();
    double sum = 0;
    for (int x = first; x < last; ++x) {
      weights.push_back(filter.weight((x - center + 0.5) * (1 / stretch)));
      sum += weights.back();
    }
    axis.taps.push_back({first, last - first, axis.weights.size()});
    for (const double weight : weights) axis.weights.push_back(toFixedPoint(sum == 0 ? weight : weight / sum));
  }
  return axis;
}

inline uint8_t toPixel(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kPrecisionBits, 0, 255)); }

void resizeGrayRow(const uint8_t* src, uint8_t* dst, const Axis& axis) {
  for (const Taps& taps : axis.taps) {
    int32_t sum = kHalf;
    const uint8_t* pixel = src + taps.first;
    for (const int32_t weight : axis.weightsOf(taps)) sum += *pixel++ * weight;
    *dst++ = toPixel(sum);
  }
}

/// The weights of two neighbouring pixels in two parts, weight = high * 2^kLowBits + low: every x86-64 multiplies 16
/// bits by 16 and adds up two products at once, 32 bits by 32 only one by one. No bit is lost.
constexpr int kLowBits = 11;
struct WeightPair {
  std::array<int16_t, 2> low, high;
};

/// The axis' weights in pairs; the second of the last pair may be 0.
std::vector<WeightPair> makePairs(const Axis& axis) {
  std::vector<WeightPair> pairs;
  const auto low = [](int32_t weight) { return static_cast<int16_t>(weight & ((1 << kLowBits) - 1)); };
  const auto high = [](int32_t weight) { return static_cast<int16_t>(weight >> kLowBits); };
  for (const Taps& taps : axis.taps) {
    const auto weights = axis.weightsOf(taps);
    for (size_t i = 0; i < weights.size(); i += 2) {
      const int32_t a = weights[i], b = i + 1 < weights.size() ? weights[i + 1] : 0;
      pairs.push_back({{low(a), low(b)}, {high(a), high(b)}});
    }
  }
  return pairs;
}

__m128i fourBytes(const void* at) {
  int32_t bytes = 0;
  std::memcpy(&bytes, at, sizeof(bytes));
  return _mm_cvtsi32_si128(bytes);
}

/// The same two weights for each channel.
__m128i forEachChannel(const std::array<int16_t, 2>& weights) {
  return _mm_shuffle_epi32(fourBytes(weights.data()), 0);
}

/// What resizeColorRow may read beyond the source row: the pixel of a weight 0, and a fourth byte with every three.
constexpr size_t kColorSlack = 4;

void resizeColorRow(const uint8_t* src, uint8_t* dst, const Axis& axis, const WeightPair* pair) {
  const __m128i zero = _mm_setzero_si128();
  for (const Taps& taps : axis.taps) {
    __m128i low = _mm_set1_epi32(kHalf), high = zero;
    const uint8_t* pixel = src + static_cast<ptrdiff_t>(taps.first) * 3;
    for (int i = 0; i < taps.count; i += 2, pixel += 6, ++pair) {
      // r0 r1 g0 g1 b0 b1 and what belongs to the next pixel, as 16 bits each
      const __m128i two = _mm_unpacklo_epi8(_mm_unpacklo_epi8(fourBytes(pixel), fourBytes(pixel + 3)), zero);
      low = _mm_add_epi32(low, _mm_madd_epi16(two, forEachChannel(pair->low)));
      high = _mm_add_epi32(high, _mm_madd_epi16(two, forEachChannel(pair->high)));
    }
    const __m128i sum = _mm_srai_epi32(_mm_add_epi32(low, _mm_slli_epi32(high, kLowBits)), kPrecisionBits);
    const __m128i words = _mm_packs_epi32(sum, sum);
    const int32_t color = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
    std::memcpy(dst, &color, 3);
    dst += 3;
  }
}

/// Rows [begin, end) of `image`, resized along x.
Image resizeAlongX(const Image& image, const Axis& axis, int begin, int end) {
  Image result({static_cast<int>(axis.taps.size()), end - begin}, image.channels);
  if (image.channels == 1) {
    for (int y = begin; y < end; ++y) resizeGrayRow(image.row(y), result.row(y - begin), axis);
    return result;
  }
  const std::vector<WeightPair> pairs = makePairs(axis);
  std::vector<uint8_t> row(image.rowBytes() + kColorSlack);
  for (int y = begin; y < end; ++y) {
    std::copy_n(image.row(y), image.rowBytes(), row.data());
    resizeColorRow(row.data(), result.row(y - begin), axis, pairs.data());
  }
  return result;
}

/// Adds up rows, each with its weight, into one. `rows` is the first of them.
QUANTIZE_FOR_EACH_CPU
void addRows(const uint8_t* __restrict rows, size_t row_bytes, std::span<const int32_t> weights,
             uint8_t* __restrict dst) {
  constexpr size_t kBytes = 64;  // so many sums stay in registers
  for (size_t begin = 0; begin < row_bytes; begin += kBytes) {
    const size_t count = std::min(kBytes, row_bytes - begin);
    std::array<int32_t, kBytes> sums;
    sums.fill(kHalf);
    const uint8_t* row = rows + begin;
    for (const int32_t weight : weights) {
      for (size_t i = 0; i < count; ++i) sums[i] += row[i] * weight;
      row += row_bytes;
    }
    for (size_t i = 0; i < count; ++i) dst[begin + i] = toPixel(sums[i]);
  }
}

/// `image` holds the source rows from axis.begin() on.
Image resizeAlongY(const Image& image, const Axis& axis) {
  Image result({image.width, static_cast<int>(axis.taps.size())}, image.channels);
  for (int y = 0; y < result.height; ++y) {
    const Taps& taps = axis.taps[static_cast<size_t>(y)];
    addRows(image.row(taps.first - axis.begin()), image.rowBytes(), axis.weightsOf(taps), result.row(y));
  }
  return result;
}

}  // namespace

Image crop(const Image& image, Rect part) {
  Image result({part.width, part.height}, image.channels);
  for (int y = 0; y < part.height; ++y) {
    const uint8_t* src = image.row(part.top + y) + static_cast<ptrdiff_t>(part.left) * image.channels;
    std::copy_n(src, result.rowBytes(), result.row(y));
  }
  return result;
}

Image resizePart(const Image& image, ImageSize size, Rect part, Interpolation interpolation, bool antialias) {
  if (size.width <= 0 || size.height <= 0) throwBadInput("a picture cannot become {}x{}", size.width, size.height);
  if (size == ImageSize{image.width, image.height}) return crop(image, part);
  const Axis x = makeAxis(image.width, size.width, part.left, part.width, interpolation, antialias);
  const Axis y = makeAxis(image.height, size.height, part.top, part.height, interpolation, antialias);
  return resizeAlongY(resizeAlongX(image, x, y.begin(), y.end()), y);
}

Image resize(const Image& image, int width, int height, Interpolation interpolation, bool antialias) {
  return resizePart(image, {width, height}, {0, 0, width, height}, interpolation, antialias);
}

}  // namespace quant
