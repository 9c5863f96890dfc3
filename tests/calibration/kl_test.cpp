#include "calibration/kl.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "core/quant_params.h"

namespace quant {
namespace {

/// As the slides have it (S. Migacz, GTC 2017), with the run anywhere instead of from bin 0:
///   reference_distribution_P = [bin[first], ..., bin[last - 1]], outliers added to its ends
///   candidate_distribution_Q = quantize [bin[first], ..., bin[last - 1]] into `levels` bins
///   expand candidate_distribution_Q to last - first bins, normalize both, divergence = KL(P, Q)
double naiveDivergence(const std::vector<int64_t>& counts, int64_t first, int64_t last, int64_t levels) {
  const auto size = static_cast<size_t>(last - first);
  std::vector<double> kept(counts.begin() + first, counts.begin() + last);
  std::vector<double> p = kept, q(size);
  for (int64_t j = 0; j < first; ++j) p.front() += static_cast<double>(counts[static_cast<size_t>(j)]);
  for (size_t j = static_cast<size_t>(last); j < counts.size(); ++j) p.back() += static_cast<double>(counts[j]);

  std::vector<size_t> level(size);
  for (size_t j = 0; j < size; ++j) level[j] = j * static_cast<size_t>(levels) / size;
  for (size_t j = 0; j < size; ++j) {
    double sum = 0, filled = 0;
    for (size_t k = 0; k < size; ++k) {
      if (level[k] != level[j] || kept[k] == 0) continue;
      sum += kept[k];
      ++filled;
    }
    if (kept[j] > 0) q[j] = sum / filled;
  }
  const double p_sum = std::accumulate(p.begin(), p.end(), 0.0), q_sum = std::accumulate(q.begin(), q.end(), 0.0);
  double divergence = 0;
  for (size_t j = 0; j < size; ++j) {
    if (p[j] == 0) continue;
    if (q[j] == 0) return std::numeric_limits<double>::infinity();
    divergence += p[j] / p_sum * std::log((p[j] / p_sum) / (q[j] / q_sum));
  }
  return divergence;
}

std::mt19937 seeded(uint32_t seed) { return std::mt19937(seed); }

Bins binsOf(std::vector<int64_t> counts, int64_t zero) { return {std::move(counts), zero, 1.0, 0}; }

/// Counts of `samples` draws, in bins of width 1, without the bins beside zero being a spike.
Bins drawn(int64_t negative, int64_t positive, int samples, const std::function<double()>& draw) {
  Bins bins = binsOf(std::vector<int64_t>(static_cast<size_t>(negative + positive)), negative);
  for (int i = 0; i < samples; ++i) {
    const auto bin = static_cast<int64_t>(std::floor(draw())) + negative;
    if (bin >= 0 && bin < bins.size()) ++bins.counts[static_cast<size_t>(bin)];
  }
  const auto level = [&](int64_t bin, int64_t neighbour) {
    auto& count = bins.counts[static_cast<size_t>(bin)];
    count = std::min(count, bins.counts[static_cast<size_t>(neighbour)]);
  };
  if (positive > 1) level(negative, negative + 1);
  if (negative > 1) level(negative - 1, negative - 2);
  return bins;
}

TEST(KlDivergence, OfOneBinALevelWithoutOutliersIsZero) {
  EXPECT_NEAR(KlDivergence(binsOf({4, 4, 2, 7}, 0), 4)({0, 4}), 0, 1e-15);
}

TEST(KlDivergence, SpreadsALevelEvenlyOverItsFilledBins) {
  // Two levels of three bins: P = [1, 3, 0, 4, 0, 0] / 8, Q = [2, 2, 0, 4, 0, 0] / 8.
  const double expected = 1.0 / 8 * std::log(1.0 / 2) + 3.0 / 8 * std::log(3.0 / 2);
  EXPECT_NEAR(KlDivergence(binsOf({1, 3, 0, 4, 0, 0}, 0), 2)({0, 6}), expected, 1e-15);
}

TEST(KlDivergence, AddsWhatIsOutsideToTheEndOfP) {
  // P = [1, 1, 2 + 4] / 8, Q = [1, 1, 2] / 4.
  const double expected = 2 * (1.0 / 8 * std::log((1.0 / 8) / (1.0 / 4))) + 6.0 / 8 * std::log((6.0 / 8) / (2.0 / 4));
  EXPECT_NEAR(KlDivergence(binsOf({1, 1, 2, 3, 1}, 0), 3)({0, 3}), expected, 1e-15);
}

TEST(KlDivergence, IsInfiniteWhereAnEmptyBinWouldTakeWhatIsOutside) {
  const KlDivergence divergence(binsOf({1, 1, 0, 3, 1}, 0), 3);
  EXPECT_TRUE(std::isinf(divergence({0, 3})));
  EXPECT_FALSE(std::isinf(divergence({0, 4})));
}

TEST(KlDivergence, CutsASpikeBesideZeroDown) {
  const KlDivergence with_spikes(binsOf({5, 3, 900, 1000, 2, 7}, 3), 3);
  const KlDivergence without(binsOf({5, 3, 3, 2, 2, 7}, 3), 3);
  EXPECT_EQ(with_spikes({0, 6}), without({0, 6}));
}

TEST(KlDivergence, IsThatOfTheDefinition) {
  auto random = seeded(1);
  for (int round = 0; round < 200; ++round) {
    const auto size = static_cast<size_t>(20 + random() % 60);
    std::vector<int64_t> counts(size);
    for (auto& count : counts) count = random() % 3 == 0 ? 0 : static_cast<int64_t>(random() % 1000);
    const auto zero = static_cast<int64_t>(random() % (size - 16));
    counts[static_cast<size_t>(zero)] = 0;  // no spike
    if (zero > 0) counts[static_cast<size_t>(zero) - 1] = 0;
    const int64_t levels = 2 + static_cast<int64_t>(random() % 14);
    const auto first = static_cast<int64_t>(random() % static_cast<size_t>(zero + 1));
    const int64_t last = zero + 16 + static_cast<int64_t>(random() % (size - 15 - static_cast<size_t>(zero)));
    const double expected = naiveDivergence(counts, first, last, levels);
    const double actual = KlDivergence(binsOf(counts, zero), levels)({first, last});
    if (std::isinf(expected)) {
      EXPECT_TRUE(std::isinf(actual));
    } else {
      EXPECT_NEAR(actual, expected, 1e-12) << "round " << round;
    }
  }
}

TEST(KlDivergence, OfMoreLevelsThanAreSummedAtOnceIsThatOfTheDefinition) {
  auto random = seeded(11);
  std::vector<int64_t> counts(1000);
  for (auto& count : counts) count = random() % 3 == 0 ? 0 : static_cast<int64_t>(random() % 1000);
  counts[0] = 0;  // no spike
  counts[999] = counts[699] = 5;
  for (const int64_t levels : {127, 128, 129, 255, 256, 300}) {
    const KlDivergence divergence(binsOf(counts, 0), levels);
    for (const int64_t last : {700, 1000}) {
      EXPECT_NEAR(divergence({0, last}), naiveDivergence(counts, 0, last, levels), 1e-12) << levels << " levels";
    }
  }
}

/// The widest run of least divergence, all candidates tried, from bin 0.
int64_t naiveThreshold(const Bins& bins, int64_t levels) {
  int64_t best = bins.size();
  double least = naiveDivergence(bins.counts, 0, best, levels);
  for (int64_t last = bins.size() - 1; last >= std::max(levels, bins.size() / 16); --last) {
    const double divergence = naiveDivergence(bins.counts, 0, last, levels);
    if (divergence < least - 1e-12) {
      least = divergence;
      best = last;
    }
  }
  return best;
}

struct Distribution {
  const char* name;
  std::function<double(std::mt19937&)> draw;  // in bins
};

std::vector<Distribution> oneSided() {
  return {
      {"half normal", [](auto& random) { return std::abs(std::normal_distribution<>(0, 60)(random)); }},
      {"exponential", [](auto& random) { return std::exponential_distribution<>(1.0 / 40)(random); }},
      {"uniform", [](auto& random) { return std::uniform_real_distribution<>(0, 300)(random); }},
      {"two humps",
       [](auto& random) {
         return random() % 2 == 0 ? std::normal_distribution<>(60, 15)(random)
                                  : std::normal_distribution<>(220, 20)(random);
       }},
  };
}

TEST(KlThresholds, AreThoseOfTheDefinitionFromZeroOn) {
  for (const Distribution& distribution : oneSided()) {
    auto random = seeded(2);
    const Bins bins = drawn(0, 300, 20'000, [&] { return distribution.draw(random); });
    EXPECT_EQ(klThresholds(bins, 64), (Thresholds{0, naiveThreshold(bins, 64)})) << distribution.name;
  }
}

TEST(KlThresholds, OfNegativeValuesMirrorThoseOfPositiveOnes) {
  auto random = seeded(3);
  const Bins bins = drawn(0, 300, 20'000, [&] { return std::exponential_distribution<>(1.0 / 40)(random); });
  const Bins mirrored = binsOf({bins.counts.rbegin(), bins.counts.rend()}, bins.size());
  const int64_t reach = klThresholds(bins, 64).last;
  ASSERT_LT(reach, 300);
  EXPECT_NEAR(KlDivergence(mirrored, 64)({300 - reach, 300}), KlDivergence(bins, 64)({0, reach}), 0.01);
  EXPECT_NEAR(static_cast<double>(klThresholds(mirrored, 64).first), static_cast<double>(300 - reach), 30);
}

TEST(KlThresholds, OfTwoSidesCannotGainByMovingOneOfThem) {
  auto random = seeded(4);
  const Bins bins = drawn(150, 200, 30'000, [&] {
    return random() % 2 == 0 ? -std::exponential_distribution<>(1.0 / 15)(random)
                             : std::exponential_distribution<>(1.0 / 25)(random);
  });
  const Thresholds found = klThresholds(bins, 64);
  EXPECT_LT(found.size(), bins.size());
  const double divergence = naiveDivergence(bins.counts, found.first, found.last, 64);
  for (int64_t first = 0; first < std::min(bins.zero, found.last - 64); ++first) {
    EXPECT_GE(naiveDivergence(bins.counts, first, found.last, 64), divergence - 1e-12);
  }
  for (int64_t last = std::max(bins.zero + 1, found.first + 64); last <= bins.size(); ++last) {
    EXPECT_GE(naiveDivergence(bins.counts, found.first, last, 64), divergence - 1e-12);
  }
}

TEST(KlThresholds, KeepAllBinsWhenThereAreNoMoreThanLevels) {
  EXPECT_EQ(klThresholds(binsOf(std::vector<int64_t>(128, 5), 0), 128), (Thresholds{0, 128}));
  EXPECT_EQ(klThresholds(binsOf({1, 0, 5}, 1), 128), (Thresholds{0, 3}));
}

TEST(KlThresholds, AreFoundInHalfAsManyBinsWhenThereAreMoreThan4096) {
  auto random = seeded(5);
  const Bins bins = drawn(3001, 4000, 100'000, [&] { return std::normal_distribution<>(0, 900)(random); });
  const Bins half = bins.halved();
  const Thresholds coarse = klThresholds(half, 256), fine = klThresholds(bins, 256);
  EXPECT_EQ(bins.edge(fine.first), std::max(bins.edge(0), half.edge(coarse.first)));
  EXPECT_EQ(bins.edge(fine.last), std::min(bins.edge(bins.size()), half.edge(coarse.last)));
}

// --- from values to ranges -------------------------------------------------------------------------------------------

TensorStatistics statisticsOf(const std::vector<float>& values) {
  TensorStatistics statistics(TensorStatistics::Detail::kHistogram);
  statistics.observe(values);
  return statistics;
}

std::vector<float> draw(size_t count, const std::function<float()>& next) {
  std::vector<float> values(count);
  for (float& value : values) value = next();
  return values;
}

TEST(KlRange, DoesNotDependOnHowManyZerosThereAre) {
  auto random = seeded(6);
  std::vector<float> values = draw(50'000, [&] { return std::abs(std::normal_distribution<float>()(random)); });
  const Range without = klRange(statisticsOf(values), {});
  values.resize(5'000'000);
  EXPECT_EQ(klRange(statisticsOf(values), {}), without);
}

TEST(KlRange, ClipsAFewOutliersOfABellCurve) {
  auto random = seeded(7);
  std::vector<float> values = draw(200'000, [&] { return std::normal_distribution<float>()(random); });
  values[0] = 12;
  values[1] = -10;
  for (const bool symmetric : {false, true}) {
    const Range range = klRange(statisticsOf(values), {.symmetric = symmetric, .storage = DataType::kInt8});
    EXPECT_GT(range.high, 3);
    EXPECT_LT(range.high, 8);
    EXPECT_LT(range.low, -3);
    EXPECT_GT(range.low, -8);
  }
}

TEST(KlRange, KeepsTwoHumpsFarFromZero) {
  // A handful of values lies near zero: with all others outside, P and Q agree, and TensorRT's rule alone would clip
  // them.
  auto random = seeded(8);
  const auto values = draw(1'000'000, [&] {
    return random() % 2 == 0 ? std::normal_distribution<float>(-2, 0.3F)(random)
                             : std::normal_distribution<float>(3, 0.2F)(random);
  });
  const Range range = klRange(statisticsOf(values), {.symmetric = true, .storage = DataType::kInt8});
  EXPECT_GT(range.high, 3.5F);
}

double quantizationError(const std::vector<float>& values, Range range, const MethodOptions& options) {
  const QuantParams params =
      options.symmetric ? symmetricParams(range, options.storage) : asymmetricParams(range, options.storage);
  double error = 0;
  for (const float value : values) error += std::pow(value - params.dequantize(params.quantize(value)), 2);
  return error;
}

TEST(KlRange, ErrsNoMoreThanMinMax) {
  auto random = seeded(9);
  const std::vector<std::vector<float>> all_values = {
      // A detector's scores: one in a thousand says something, and TensorRT's rule alone would clip most of those.
      draw(300'000,
           [&] {
             return random() % 1000 == 0 ? std::uniform_real_distribution<float>(0, 1)(random)
                                         : std::exponential_distribution<float>(10'000)(random);
           }),
      // Clipped at 6, as by Relu6, with little below.
      draw(300'000, [&] { return std::min(6.0F, std::exponential_distribution<float>(1.2F)(random)); }),
      draw(300'000, [&] { return std::exp(1.5F * std::normal_distribution<float>()(random)); }),
      draw(300'000, [&] { return std::normal_distribution<float>(0, random() % 1000 == 0 ? 30.0F : 1.0F)(random); }),
  };
  for (const auto& values : all_values) {
    const TensorStatistics statistics = statisticsOf(values);
    for (const auto& options : {MethodOptions{}, MethodOptions{.symmetric = true, .storage = DataType::kInt8}}) {
      EXPECT_LT(quantizationError(values, klRange(statistics, options), options),
                1.05 * quantizationError(values, minMaxRange(statistics, options), options));
    }
  }
}

}  // namespace
}  // namespace quant
