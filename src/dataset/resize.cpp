#include "dataset/resize.h"

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
    const int first = std::max(static_cast<int>(center - support + 0.5), 0);
    const int last = std::min(static_cast<int>(center + support + 0.5), src);
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

QUANTIZE_FOR_EACH_CPU
void resizeGrayRow(const uint8_t* src, uint8_t* dst, const Axis& axis) {
  for (const Taps& taps : axis.taps) {
    int32_t sum = kHalf;
    const uint8_t* pixel = src + taps.first;
    for (const int32_t weight : axis.weightsOf(taps)) sum += *pixel++ * weight;
    *dst++ = toPixel(sum);
  }
}

/// Four neighbouring bytes, of which three are a pixel: what a CPU multiplies at once.
using FourBytes [[gnu::vector_size(4)]] = uint8_t;
using FourSums [[gnu::vector_size(16)]] = int32_t;

/// Reads one byte beyond the source row.
QUANTIZE_FOR_EACH_CPU
void resizeColorRow(const uint8_t* src, uint8_t* dst, const Axis& axis) {
  for (const Taps& taps : axis.taps) {
    FourSums sums = {kHalf, kHalf, kHalf, kHalf};
    const uint8_t* pixel = src + static_cast<ptrdiff_t>(taps.first) * 3;
    for (const int32_t weight : axis.weightsOf(taps)) {
      FourBytes bytes;
      std::memcpy(&bytes, pixel, sizeof(bytes));
      sums += __builtin_convertvector(bytes, FourSums) * weight;
      pixel += 3;
    }
    for (int c = 0; c < 3; ++c) *dst++ = toPixel(sums[c]);
  }
}

/// Rows [begin, end) of `image`, resized along x.
Image resizeAlongX(const Image& image, const Axis& axis, int begin, int end) {
  Image result({static_cast<int>(axis.taps.size()), end - begin}, image.channels);
  std::vector<uint8_t> row(image.rowBytes() + 1);
  for (int y = begin; y < end; ++y) {
    if (image.channels == 1) {
      resizeGrayRow(image.row(y), result.row(y - begin), axis);
    } else {
      std::copy_n(image.row(y), image.rowBytes(), row.data());
      resizeColorRow(row.data(), result.row(y - begin), axis);
    }
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
