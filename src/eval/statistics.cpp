#include "eval/statistics.h"

#include <algorithm>
#include <cmath>

namespace quant {

namespace {

constexpr double kZ = 1.959963984540054;  // two-sided 95 % of the normal distribution

/// Tango's score statistic of the hypothesis that the difference of the shares is `delta`.
double score(double lost, double gained, double samples, double delta) {
  const double distance = lost - gained - samples * delta;
  if (distance == 0) return 0;
  // The share of `gained` that is most likely under the hypothesis: the larger root of a x^2 + b x + c.
  const double a = 2 * samples;
  const double b = -lost - gained + (2 * samples - lost + gained) * delta;
  const double c = -gained * delta * (1 - delta);
  const double expected = (std::sqrt(std::max(b * b - 4 * a * c, 0.0)) - b) / (2 * a);
  const double variance = samples * (2 * expected + delta * (1 - delta));
  return variance <= 0 ? std::copysign(HUGE_VAL, distance) : distance / std::sqrt(variance);
}

/// Where the score falls to `level` as delta rises from `low` to `high`.
double solve(double lost, double gained, double samples, double level, double low, double high) {
  constexpr int kHalvings = 60;  // more than a double has bits
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (low + high) / 2;
    (score(lost, gained, samples, middle) > level ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace

Interval wilsonInterval(int64_t count, int64_t samples) {
  if (samples == 0) return {0, 100};
  const auto n = static_cast<double>(samples);
  const double p = static_cast<double>(count) / n, z2 = kZ * kZ;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kZ / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {100 * std::max(0.0, middle - half), 100 * std::min(1.0, middle + half)};
}

Interval pairedInterval(int64_t lost, int64_t gained, int64_t samples) {
  if (samples == 0) return {-100, 100};
  const auto b = static_cast<double>(lost), c = static_cast<double>(gained), n = static_cast<double>(samples);
  const double observed = (b - c) / n;
  return {100 * solve(b, c, n, kZ, -1, observed), 100 * solve(b, c, n, -kZ, observed, 1)};
}

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

}  // namespace quant
