#include "runtime/reference/fourier_transform.h"

#include <bit>
#include <numbers>
#include <utility>

namespace quant::reference {

namespace {

using Number = std::complex<double>;
using Numbers = std::vector<Number>;

/// std::complex's own product looks after infinities, which costs more than the product.
Number times(Number a, Number b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

/// exp(sign * 2 pi i k / n)
Number root(double sign, size_t k, size_t n) {
  return std::polar(1.0, sign * 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n));
}

void sortByReversedBits(Numbers& x) {
  for (size_t i = 1, j = 0; i < x.size(); ++i) {
    size_t bit = x.size() / 2;
    for (; (j & bit) != 0; bit /= 2) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
}

/// Not divided by the length; the length is a power of two.
void transformInPlace(Numbers& x, double sign) {
  sortByReversedBits(x);
  Numbers roots(x.size() / 2);
  for (size_t k = 0; k < roots.size(); ++k) roots[k] = root(sign, k, x.size());
  for (size_t width = 2; width <= x.size(); width *= 2) {
    const size_t stride = x.size() / width;
    for (size_t start = 0; start < x.size(); start += width) {
      for (size_t k = 0; k < width / 2; ++k) {
        const Number even = x[start + k], odd = times(x[start + k + width / 2], roots[k * stride]);
        x[start + k] = even + odd;
        x[start + k + width / 2] = even - odd;
      }
    }
  }
}

}  // namespace

// With k n = (k^2 + n^2 - (k - n)^2) / 2 and c[n] = exp(-pi i n^2 / length), the transform is
//   y[k] = c[k] * sum over n of (x[n] c[n]) * conj(c[k - n])
FourierTransform::FourierTransform(int64_t length, Direction direction)
    : length_(static_cast<size_t>(length)), is_inverse_(direction == Direction::kInverse) {
  if (std::has_single_bit(length_)) return;
  const size_t padded = std::bit_ceil(2 * length_ - 1);
  chirp_.resize(length_);
  kernel_.resize(padded);
  for (size_t n = 0; n < length_; ++n) {
    chirp_[n] = root(is_inverse_ ? 1 : -1, n * n % (2 * length_), 2 * length_);
    kernel_[n] = kernel_[(padded - n) % padded] = std::conj(chirp_[n]);
  }
  transformInPlace(kernel_, -1);
}

void FourierTransform::run(Numbers& x) const {
  if (chirp_.empty()) {
    transformInPlace(x, is_inverse_ ? 1 : -1);
  } else {
    chirp(x);
  }
  if (!is_inverse_) return;
  for (auto& value : x) value /= static_cast<double>(length_);
}

void FourierTransform::chirp(Numbers& x) const {
  Numbers padded(kernel_.size());
  for (size_t n = 0; n < length_; ++n) padded[n] = times(x[n], chirp_[n]);
  transformInPlace(padded, -1);
  for (size_t i = 0; i < padded.size(); ++i) padded[i] = times(padded[i], kernel_[i]);
  transformInPlace(padded, 1);
  for (size_t k = 0; k < length_; ++k) {
    x[k] = times(padded[k], chirp_[k]) / static_cast<double>(padded.size());
  }
}

}  // namespace quant::reference
