#pragma once

#include <complex>
#include <cstdint>
#include <vector>

namespace quant::reference {

/// y[k] = sum over n of exp(-2 pi i k n / length) x[n], in length log(length) steps for any length; the inverse has the
/// other sign and divides by the length.
class FourierTransform {
 public:
  enum class Direction { kForward, kInverse };

  /// `length` is at least 1.
  FourierTransform(int64_t length, Direction direction);

  /// `x` has `length` elements.
  void run(std::vector<std::complex<double>>& x) const;

 private:
  using Numbers = std::vector<std::complex<double>>;

  void chirp(Numbers& x) const;

  size_t length_;
  bool is_inverse_;
  // Only for lengths that are no power of two: the transform as a convolution with a chirp (Bluestein).
  Numbers chirp_, kernel_;
};

}  // namespace quant::reference
