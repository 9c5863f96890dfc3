#include "calibration/logarithm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace quant {
namespace {

TEST(Logarithm, IsExactWhereTheResultIs) {
  EXPECT_EQ(logarithm(1), 0);
  EXPECT_EQ(logarithm(2), std::log(2.0));
  EXPECT_EQ(logarithm(0.5), -std::log(2.0));
}

TEST(Logarithm, IsThatOfTheMathLibraryToTheLastBits) {
  for (double x = 1e-300; x < 1e300; x *= 1.7) {
    const double expected = std::log(x);
    EXPECT_NEAR(logarithm(x), expected, std::abs(expected) * 4e-16) << x;
  }
  for (double x = 0.5; x < 2; x += 0.0007) {
    EXPECT_NEAR(logarithm(x), std::log(x), 2 * std::numeric_limits<double>::epsilon()) << x;
  }
}

}  // namespace
}  // namespace quant
