#include "quantizer/error_feedback.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/for_each_cpu.h"

namespace quant {

namespace {

constexpr double kDamping = 0.01;  // of the mean diagonal, so that channels that hardly vary stay invertible

/// a[begin..end) -= factor * b[begin..end)
QUANTIZE_FOR_EACH_CPU void subtractScaled(double* a, const double* b, double factor, size_t begin, size_t end) {
  for (size_t i = begin; i < end; ++i) a[i] -= factor * b[i];
}

/// values[k] -= sum over j of factors[k * stride + j] * errors[j], for each lane and each of `count` channels k.
QUANTIZE_FOR_EACH_CPU void subtractErrors(float* values, size_t count, const float* errors, size_t rows,
                                          const float* factors, size_t stride) {
  for (size_t k = 0; k < count; ++k) {
    std::array<float, kLanes> sum{};
    for (size_t j = 0; j < rows; ++j) {
      const float factor = factors[k * stride + j];
      for (size_t l = 0; l < kLanes; ++l) sum[l] += factor * errors[j * kLanes + l];
    }
    for (size_t l = 0; l < kLanes; ++l) values[k * kLanes + l] -= sum[l];
  }
}

/// The lower triangular L with L L^T = `matrix`, whose rows below the diagonal are given; in place.
void cholesky(std::vector<double>& matrix, size_t n) {
  // Column by column: rows of the transposed factor, so that inner loops run along memory.
  for (size_t j = 0; j < n; ++j) {
    double* const pivot = matrix.data() + j * n;  // row j of L^T from its diagonal on
    const double root = std::sqrt(std::max(pivot[j], 1e-300));
    for (size_t i = j; i < n; ++i) pivot[i] /= root;
#pragma omp parallel for schedule(static) if (n - j > 128)
    for (size_t i = j + 1; i < n; ++i) subtractScaled(matrix.data() + i * n, pivot, pivot[i], i, n);
  }
}

}  // namespace

bool ErrorFeedback::canFeedBack() const {
  return !moments_->products.empty() &&
         std::ranges::any_of(moments_->mean_squares, [](float square) { return square > 0; });
}

/// With the channels in reverse order, H = L L^T becomes H = M M^T with M upper triangular, and U = M^-1.
void ErrorFeedback::factorize() {
  const size_t n = channels();
  const auto& squares = moments_->mean_squares;
  double mean = 0;
  for (const float square : squares) mean += square / static_cast<double>(n);
  std::vector<double> matrix(n * n);  // reversed, upper triangle
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i; j < n; ++j) {
      matrix[(n - 1 - j) * n + (n - 1 - i)] = moments_->products[i * n + j];
    }
  }
  for (size_t i = 0; i < n; ++i) {
    double& diagonal = matrix[i * n + i];
    diagonal = (diagonal == 0 ? mean : diagonal) + kDamping * mean;
  }
  cholesky(matrix, n);  // rows of L^T
  // Columns of L^-1 by forward substitution: row c of the result is column c of L^-1.
  factor_.assign(n * n, 0.0F);
#pragma omp parallel for schedule(dynamic, 8)
  for (size_t c = 0; c < n; ++c) {
    std::vector<double> column(n, 0.0);
    column[c] = 1;
    for (size_t k = c; k < n; ++k) {
      column[k] /= matrix[k * n + k];
      subtractScaled(column.data(), matrix.data() + k * n, column[k], k + 1, n);
    }
    // L^-1[k][c] in reversed order is U[n-1-k][n-1-c].
    for (size_t k = c; k < n; ++k) factor_[(n - 1 - c) * n + (n - 1 - k)] = static_cast<float>(column[k]);
  }
}

void ErrorFeedback::encode(float* values, size_t block, const WeightGrid& grid, LaneParams* params, int8_t* integers) {
  std::call_once(factorized_, [&] { factorize(); });
  const size_t n = channels();
  std::vector<float> errors(block * kLanes);
  for (size_t begin = 0, index = 0; begin < n; begin += block, ++index) {
    const size_t end = std::min(begin + block, n);
    const LaneParams& chosen = params[index] =
        searchLaneParams(values + begin * kLanes, end - begin, importance().data() + begin, grid);
    for (size_t j = begin; j < end; ++j) {
      float* const row = values + j * kLanes;
      subtractErrors(row, 1, errors.data(), j - begin, factor_.data() + j * n + begin, n);
      encodeLanes(row, 1, chosen, grid, integers + j * kLanes);
      const float pivot = factor_[j * n + j];
      for (size_t l = 0; l < kLanes; ++l) {
        const float real = (static_cast<float>(integers[j * kLanes + l]) - chosen.zero[l]) * chosen.scale[l];
        errors[(j - begin) * kLanes + l] = (row[l] - real) / pivot;
      }
    }
    subtractErrors(values + end * kLanes, n - end, errors.data(), end - begin, factor_.data() + end * n + begin, n);
  }
}

}  // namespace quant
