#include "quantizer/error_diffusion.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "core/half_conversion.h"
#include "core/workers.h"

namespace quant {

namespace {

/// Rows that go along together: a row is one chain of additions, several keep the CPU busy.
constexpr size_t kRows = 16;

/// Fewer weights are not worth waking other cores.
constexpr int64_t kManyWeights = 1 << 16;

/// `rows` rows of `columns` weights.
template <class Half>
void diffuse(const float* from, Half* to, size_t rows, size_t columns, float largest) {
  std::array<float, kRows> wanted{}, carried{}, rounded{};
  std::array<Half, kRows> halves{};
  for (size_t column = 0; column < columns; ++column) {
    for (size_t row = 0; row < rows; ++row) {
      const float weight = from[row * columns + column];
      const bool takes_part = weight != 0 && std::abs(weight) <= largest;
      wanted[row] = takes_part ? std::clamp(weight + carried[row], -largest, largest) : weight;
    }
    convertToHalf(std::span<const float>(wanted).first(rows), std::span<Half>(halves).first(rows));
    convertFromHalf(std::span<const Half>(halves).first(rows), std::span<float>(rounded).first(rows));
    for (size_t row = 0; row < rows; ++row) {
      const float weight = from[row * columns + column];
      to[row * columns + column] = halves[row];
      if (weight != 0 && std::abs(weight) <= largest) carried[row] = wanted[row] - rounded[row];
    }
  }
}

template <class Half>
Tensor diffused(const Tensor& weights, DataType half) {
  Tensor result(half, weights.shape());
  const auto rows = static_cast<size_t>(weights.shape().front());
  if (weights.elementCount() == 0) return result;
  const size_t columns = static_cast<size_t>(weights.elementCount()) / rows;
  const float largest = largestOf(half);
  const auto diffuseGroup = [&](size_t group) {
    const size_t first = group * kRows;
    diffuse(weights.data<float>().data() + first * columns, result.data<Half>().data() + first * columns,
            std::min(kRows, rows - first), columns, largest);
  };
  const size_t groups = (rows + kRows - 1) / kRows;
  if (weights.elementCount() >= kManyWeights) {
    forEachIndex(groups, {}, diffuseGroup);
  } else {
    for (size_t group = 0; group < groups; ++group) diffuseGroup(group);
  }
  return result;
}

}  // namespace

Tensor diffuseToHalf(const Tensor& weights, DataType half) {
  if (weights.rank() == 0) throwInternal("a scalar has no rows whose errors could be passed on");
  return half == DataType::kFloat16 ? diffused<Float16>(weights, half) : diffused<BFloat16>(weights, half);
}

}  // namespace quant
