#include "core/edit_distance.h"

#include <gtest/gtest.h>

namespace quant {
namespace {

TEST(EditDistance, CountsLettersToInsertDeleteOrReplace) {
  EXPECT_EQ(editDistance("", ""), 0U);
  EXPECT_EQ(editDistance("", "abc"), 3U);
  EXPECT_EQ(editDistance("abc", ""), 3U);
  EXPECT_EQ(editDistance("kitten", "sitting"), 3U);  // Levenshtein's distance in every textbook
  EXPECT_EQ(editDistance("--mdoe", "--mode"), 2U);
}

}  // namespace
}  // namespace quant
