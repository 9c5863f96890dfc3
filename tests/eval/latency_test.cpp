#include "eval/latency.h"

#include <gtest/gtest.h>

namespace quant {
namespace {

TEST(Quantile, IsTheNearestRank) {
  EXPECT_EQ(quantile({3, 1, 2, 4}, 0.5), 2);
  EXPECT_EQ(quantile({3, 1, 2, 4}, 0.99), 4);
  EXPECT_EQ(quantile({5}, 0.0), 5);
}

}  // namespace
}  // namespace quant
