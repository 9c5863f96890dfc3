// Det: the determinants of a batch of square matrices, by elimination in double.
#include <cmath>

#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// Of an n x n matrix, which is used up.
double determinant(double* const matrix, int64_t n) {
  double result = 1;
  for (int64_t column = 0; column < n; ++column) {
    int64_t pivot = column;
    for (int64_t row = column + 1; row < n; ++row) {
      if (std::abs(matrix[row * n + column]) > std::abs(matrix[pivot * n + column])) pivot = row;
    }
    const double value = matrix[pivot * n + column];
    if (value == 0) return 0;
    if (pivot != column) {
      std::swap_ranges(matrix + pivot * n, matrix + (pivot + 1) * n, matrix + column * n);
      result = -result;
    }
    result *= value;
    for (int64_t row = column + 1; row < n; ++row) {
      const double factor = matrix[row * n + column] / value;
      for (int64_t i = column; i < n; ++i) matrix[row * n + i] -= factor * matrix[column * n + i];
    }
  }
  return result;
}

void det(const Node&, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Shape& shape = src.shape();
  if (shape.size() < 2 || shape[shape.size() - 1] != shape[shape.size() - 2]) {
    throwBadInput("Det of shape {}: the last two axes must have the same size", toString(shape));
  }
  const int64_t n = shape.back();
  std::vector<double> matrices = elementsAs<double>(src);
  Tensor& dst = context.output(0, src.type(), Shape(shape.begin(), shape.end() - 2));
  withElementType(src.type(), kFloatTypes, "Det", [&](auto example) {
    using T = decltype(example);
    const auto results = dst.data<T>();
    for (size_t i = 0; i < results.size(); ++i) {
      results[i] = elementCast<T>(determinant(matrices.data() + static_cast<int64_t>(i) * n * n, n));
    }
  });
}

}  // namespace

void registerDeterminant(KernelRegistry& registry) { registry.addFunction("Det", 11, det); }

}  // namespace quant::reference
