#include "eval/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace quant {
namespace {

TEST(Quantile, IsTheNearestRank) {
  EXPECT_EQ(quantile({3, 1, 2, 4}, 0.5), 2);
  EXPECT_EQ(quantile({3, 1, 2, 4}, 0.99), 4);
  EXPECT_EQ(quantile({5}, 0.0), 5);
}

// 15 of 148: the example of Newcombe, Statistics in Medicine 17 (1998), 857-872: 0.0624 to 0.1605.
TEST(WilsonInterval, IsThatOfThePaper) {
  const Interval interval = wilsonInterval(15, 148);
  EXPECT_NEAR(interval.low, 6.24, 0.005);
  EXPECT_NEAR(interval.high, 16.05, 0.005);
}

TEST(WilsonInterval, IsNotEmptyWhenEverySampleIsRight) {
  const Interval interval = wilsonInterval(100, 100);
  EXPECT_NEAR(interval.low, 100 * 100 / (100 + 1.96 * 1.96), 0.01);
  EXPECT_NEAR(interval.high, 100, 1e-9);
}

TEST(PairedInterval, OfSamplesThatNeverDifferShrinksWithTheirNumber) {
  const Interval interval = pairedInterval(0, 0, 400);
  const double z2 = 1.959964 * 1.959964;  // delta = z^2 / (n + z^2)
  EXPECT_NEAR(interval.high, 100 * z2 / (400 + z2), 1e-4);
  EXPECT_NEAR(interval.low, -interval.high, 1e-9);
}

TEST(PairedInterval, IsTheMirrorWhenTheModelsChangePlaces) {
  const Interval a = pairedInterval(5, 3, 400), b = pairedInterval(3, 5, 400);
  EXPECT_NEAR(a.low, -b.high, 1e-9);
  EXPECT_NEAR(a.high, -b.low, 1e-9);
}

// McNemar's statistic is (lost - gained)^2 / (lost + gained); 5 % is where it passes 3.8415.
TEST(PairedInterval, LeavesZeroOutExactlyWhereMcNemarsTestRejects) {
  for (int64_t lost = 0; lost <= 30; ++lost) {
    for (int64_t gained = 0; gained <= 10; ++gained) {
      const auto difference = static_cast<double>(lost - gained);
      const bool rejects = lost + gained > 0 && difference * difference / static_cast<double>(lost + gained) > 3.841459;
      const Interval interval = pairedInterval(lost, gained, 200);
      EXPECT_EQ(interval.low > 0 || interval.high < 0, rejects) << lost << " " << gained;
    }
  }
}

}  // namespace
}  // namespace quant
