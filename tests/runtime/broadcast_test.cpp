#include "runtime/broadcast.h"

#include <gtest/gtest.h>

#include <random>

#include "runtime/element_type.h"

namespace quant {
namespace {

TEST(BroadcastWalk, MergesAxesThatAllOperandsStepThroughAlike) {
  const BroadcastWalk<2> same({2, 3, 4}, {Shape{2, 3, 4}, Shape{2, 3, 4}});
  int runs = 0;
  same.forEachRun(0, 24, [&](int64_t, const auto&, int64_t length) {
    ++runs;
    EXPECT_EQ(length, 24);
  });
  EXPECT_EQ(runs, 1);
}

TEST(BroadcastWalk, GivesEachElementItsOperandsWhereverThePiecesBegin) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Shape result(1 + random() % 4), a, b;
    for (int64_t& size : result) size = 1 + static_cast<int64_t>(random() % 4);
    a = b = result;
    for (int64_t& size : a) size = random() % 2 ? size : 1;
    b.erase(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(random() % b.size()));
    const BroadcastWalk<2> walk(result, {a, b});
    // The offset of an operand's element, from the position along each axis of the result.
    const auto offset_in = [&](const Shape& shape, int64_t at) {
      int64_t offset = 0, stride = 1;
      for (size_t i = 0; i < result.size(); ++i) {
        const size_t axis = result.size() - 1 - i;
        if (i < shape.size()) {
          const int64_t size = shape[shape.size() - 1 - i];
          offset += (size == 1 ? 0 : at % result[axis]) * stride;
          stride *= size;
        }
        at /= result[axis];
      }
      return offset;
    };
    const int64_t piece = 1 + static_cast<int64_t>(random() % 5);
    int64_t next = 0;
    for (int64_t begin = 0; begin < walk.elementCount(); begin += piece) {
      walk.forEachRun(begin, std::min(begin + piece, walk.elementCount()),
                      [&](int64_t at, const std::array<int64_t, 2>& from, int64_t length) {
                        for (int64_t i = 0; i < length; ++i, ++next) {
                          ASSERT_EQ(at + i, next);
                          ASSERT_EQ(from[0] + i * walk.innerStep(0), offset_in(a, next));
                          ASSERT_EQ(from[1] + i * walk.innerStep(1), offset_in(b, next));
                        }
                      });
    }
    EXPECT_EQ(next, elementCount(result));
  }
}

TEST(BroadcastWalk, RefusesAnOperandThatDoesNotBroadcast) {
  EXPECT_THROW(BroadcastWalk<1>({2, 3}, {Shape{2, 4}}), Error);
  EXPECT_THROW(BroadcastWalk<1>({3}, {Shape{2, 3}}), Error);
}

TEST(ElementType, AnOperatorNamesTheTypeThatItDoesNotRunOn) {
  try {
    withElementType(DataType::kFloat16, kBoolTypes, "Not", [](auto) {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()), "operator Not does not run on element type float16");
    EXPECT_EQ(error.code(), ExitCode::kUnsupported);
  }
}

}  // namespace
}  // namespace quant
