#include "core/shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace quant {
namespace {

TEST(Shape, CountsElements) {
  EXPECT_EQ(elementCount({}), 1);
  EXPECT_EQ(elementCount({2, 3, 4}), 24);
  EXPECT_EQ(elementCount({2, 0, 4}), 0);
}

TEST(Shape, PrintsItsSizes) {
  EXPECT_EQ(toString(Shape{}), "[]");
  EXPECT_EQ(toString(Shape{1, 3, 224, 224}), "[1,3,224,224]");
}

TEST(Shape, RowMajorStridesEndWithOne) {
  EXPECT_EQ(rowMajorStrides({2, 3, 4}), (std::vector<int64_t>{12, 4, 1}));
  EXPECT_EQ(rowMajorStrides({5}), (std::vector<int64_t>{1}));
  EXPECT_TRUE(rowMajorStrides({}).empty());
}

TEST(NormalizeAxis, CountsNegativeAxesFromTheEnd) {
  EXPECT_EQ(normalizeAxis(-1, 4), 3);
  EXPECT_EQ(normalizeAxis(-4, 4), 0);
  EXPECT_EQ(normalizeAxis(2, 4), 2);
}

TEST(NormalizeAxis, RefusesWhatIsOutside) {
  EXPECT_THROW((void)normalizeAxis(4, 4), Error);
  EXPECT_THROW((void)normalizeAxis(-5, 4), Error);
  EXPECT_THROW((void)normalizeAxis(0, 0), Error);
}

TEST(NormalizeAxis, SaysAxisAndRank) {
  try {
    (void)normalizeAxis(4, 3);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "axis 4 is outside a tensor of rank 3");
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
  }
}

TEST(BroadcastShapes, AlignsAtTheEndAndStretchesOnes) {
  EXPECT_EQ(broadcastShapes({2, 3, 4}, {3, 1}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcastShapes({3, 1}, {2, 1, 4}), (Shape{2, 3, 4}));
  EXPECT_EQ(broadcastShapes({}, {5}), (Shape{5}));
  EXPECT_EQ(broadcastShapes({}, {}), Shape{});
}

TEST(BroadcastShapes, AOneMeetsAnEmptyAxis) {
  EXPECT_EQ(broadcastShapes({1}, {0}), (Shape{0}));
  EXPECT_EQ(broadcastShapes({0}, {1}), (Shape{0}));
}

TEST(BroadcastShapes, NamesBothShapesThatDoNotFit) {
  try {
    (void)broadcastShapes({2, 3}, {4});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "shapes [2,3] and [4] cannot be broadcast together");
  }
}

}  // namespace
}  // namespace quant
