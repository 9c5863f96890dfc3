#pragma once

#include <cstdint>
#include <span>

#include "core/tensor.h"

namespace quant {

/// How near one tensor is to another, over any number of samples.
class Agreement {
 public:
  /// Two float tensors of the same shape. Throws (bad input) when the shapes differ.
  void add(const Tensor& expected, const Tensor& actual);
  void merge(const Agreement& other);

  /// Signal-to-quantization-noise ratio in decibels: 10 log10(sum(x^2) / sum((x - y)^2)); infinite when equal.
  [[nodiscard]] double sqnr() const;
  /// sum(x y) / (|x| |y|); 1 when both are zero.
  [[nodiscard]] double cosine() const;
  [[nodiscard]] double maxError() const { return max_error_; }
  /// sum(|x - y|) over the number of elements that are finite on both sides.
  [[nodiscard]] double meanError() const;
  /// max |x - y| over max |x|.
  [[nodiscard]] double relativeError() const;
  [[nodiscard]] int64_t elements() const { return elements_; }
  /// Elements of the second tensor that are NaN or infinite where the first one's are not.
  [[nodiscard]] int64_t newNonFinite() const { return new_non_finite_; }

 private:
  double expected_squares_ = 0, actual_squares_ = 0, products_ = 0, error_squares_ = 0, absolute_errors_ = 0;
  double max_error_ = 0, max_expected_ = 0;
  int64_t elements_ = 0, compared_ = 0, new_non_finite_ = 0;
};

/// The indices of the k largest of `scores`, best first; equal scores in the order of their indices, NaN last.
std::vector<int64_t> topK(std::span<const float> scores, size_t k);

}  // namespace quant
