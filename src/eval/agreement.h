#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "graph/graph.h"

namespace quant {

/// How near one tensor is to another, over any number of samples.
class Agreement {
 public:
  /// Two float tensors of the same shape. Throws (bad input) when the shapes differ.
  void add(const Tensor& expected, const Tensor& actual);
  /// A pair that cannot be compared, because what the models say of a sample differs in shape: 7 boxes and 8.
  void addOtherShape(const Shape& expected, const Shape& actual);
  void merge(const Agreement& other);

  /// Signal-to-quantization-noise ratio in decibels: 10 log10(sum(x^2) / sum((x - y)^2)); infinite when equal. NaN, as
  /// the cosine and the errors are, when no pair could be compared for its shape.
  [[nodiscard]] double sqnr() const;
  /// sum(x y) / (|x| |y|); 1 when both are zero.
  [[nodiscard]] double cosine() const;
  [[nodiscard]] double maxError() const;
  /// sum(|x - y|) over the number of elements that are finite on both sides.
  [[nodiscard]] double meanError() const;
  /// max |x - y| over max |x|.
  [[nodiscard]] double relativeError() const;
  [[nodiscard]] int64_t elements() const { return elements_; }
  /// Elements of the second tensor that are NaN or infinite where the first one's are not.
  [[nodiscard]] int64_t newNonFinite() const { return new_non_finite_; }
  /// Share of equal elements, for tensors of integers; 0 when there are none.
  [[nodiscard]] double equalShare() const;
  /// Pairs that differ in shape.
  [[nodiscard]] int64_t otherShapes() const { return other_shapes_; }
  /// Of the first of them: "[7,4] instead of [8,4]".
  [[nodiscard]] const std::string& otherShape() const { return other_shape_; }

 private:
  /// Only pairs of different shapes were met.
  [[nodiscard]] bool isBlind() const { return elements_ == 0 && other_shapes_ > 0; }

  double expected_squares_ = 0, actual_squares_ = 0, products_ = 0, error_squares_ = 0, absolute_errors_ = 0;
  double max_error_ = 0, max_expected_ = 0;
  int64_t elements_ = 0, compared_ = 0, equal_ = 0, new_non_finite_ = 0, other_shapes_ = 0;
  std::string other_shape_;
};

/// True when `declared`, what a model says of an output, leaves it to the sample in which of these shapes it comes:
/// they differ only in sizes that nobody knows before.
bool mayDiffer(const std::optional<ValueType>& declared, const Shape& a, const Shape& b);

/// The indices of the k largest of `scores`, best first; equal scores in the order of their indices, NaN last.
std::vector<int64_t> topK(std::span<const float> scores, size_t k);

}  // namespace quant
