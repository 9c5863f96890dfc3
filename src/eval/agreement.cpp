#include "eval/agreement.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"

namespace quant {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// NaN has no place in an order: it stands below every number.
float rankable(float score) { return std::isnan(score) ? -std::numeric_limits<float>::infinity() : score; }

}  // namespace

void Agreement::add(const Tensor& expected, const Tensor& actual) {
  if (expected.shape() != actual.shape()) {
    throwBadInput("the models' outputs differ in shape: {} and {}", toString(expected.shape()),
                  toString(actual.shape()));
  }
  const auto x = expected.data<float>(), y = actual.data<float>();
  for (size_t i = 0; i < x.size(); ++i) {
    const double a = x[i], b = y[i];
    equal_ += a == b ? 1 : 0;
    if (!std::isfinite(a) || !std::isfinite(b)) {
      new_non_finite_ += std::isfinite(a) ? 1 : 0;
      continue;
    }
    expected_squares_ += a * a;
    actual_squares_ += b * b;
    products_ += a * b;
    error_squares_ += (a - b) * (a - b);
    absolute_errors_ += std::abs(a - b);
    max_error_ = std::max(max_error_, std::abs(a - b));
    max_expected_ = std::max(max_expected_, std::abs(a));
    ++compared_;
  }
  elements_ += static_cast<int64_t>(x.size());
}

void Agreement::addOtherShape(const Shape& expected, const Shape& actual) {
  if (other_shapes_++ == 0) other_shape_ = fmt::format("{} instead of {}", toString(actual), toString(expected));
}

void Agreement::merge(const Agreement& other) {
  expected_squares_ += other.expected_squares_;
  actual_squares_ += other.actual_squares_;
  products_ += other.products_;
  error_squares_ += other.error_squares_;
  absolute_errors_ += other.absolute_errors_;
  max_error_ = std::max(max_error_, other.max_error_);
  max_expected_ = std::max(max_expected_, other.max_expected_);
  elements_ += other.elements_;
  compared_ += other.compared_;
  equal_ += other.equal_;
  new_non_finite_ += other.new_non_finite_;
  if (other_shapes_ == 0) other_shape_ = other.other_shape_;
  other_shapes_ += other.other_shapes_;
}

double Agreement::sqnr() const {
  if (isBlind()) return kNaN;
  if (error_squares_ == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(expected_squares_ / error_squares_);
}

double Agreement::cosine() const {
  if (isBlind()) return kNaN;
  const double norms = std::sqrt(expected_squares_) * std::sqrt(actual_squares_);
  if (norms == 0) return expected_squares_ == actual_squares_ ? 1 : 0;
  return products_ / norms;
}

double Agreement::maxError() const { return isBlind() ? kNaN : max_error_; }

double Agreement::meanError() const {
  if (isBlind()) return kNaN;
  return compared_ == 0 ? 0 : absolute_errors_ / static_cast<double>(compared_);
}

double Agreement::equalShare() const {
  return elements_ == 0 ? 0 : static_cast<double>(equal_) / static_cast<double>(elements_);
}

double Agreement::relativeError() const { return max_expected_ == 0 ? max_error_ : max_error_ / max_expected_; }

bool mayDiffer(const std::optional<ValueType>& declared, const Shape& a, const Shape& b) {
  if (!declared || !declared->shape) return true;
  const Shape& sizes = *declared->shape;
  if (a.size() != sizes.size() || b.size() != sizes.size()) return false;
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (a[axis] != b[axis] && sizes[axis] >= 0) return false;
  }
  return true;
}

std::vector<int64_t> topK(std::span<const float> scores, size_t k) {
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  k = std::min(k, order.size());
  const auto middle = order.begin() + static_cast<ptrdiff_t>(k);
  std::partial_sort(order.begin(), middle, order.end(), [&](int64_t a, int64_t b) {
    const float x = rankable(scores[static_cast<size_t>(a)]), y = rankable(scores[static_cast<size_t>(b)]);
    return x != y ? x > y : a < b;
  });
  order.resize(k);
  return order;
}

}  // namespace quant
