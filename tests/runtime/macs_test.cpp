#include "runtime/macs.h"

#include <gtest/gtest.h>

namespace quant {
namespace {

struct Row {
  const char* op_type;
  Shape src, weights, dst;
  int64_t expected;
};

class MacsOf : public testing::TestWithParam<Row> {};

TEST_P(MacsOf, CountsEveryProduct) {
  const Row& row = GetParam();
  const Node node(makeNode(row.op_type, {}, {}));
  EXPECT_EQ(macsOf(node, row.src, row.weights, row.dst).total, row.expected);
}

const Row kRows[] = {
    {"Conv", {1, 3, 8, 8}, {16, 3, 3, 3}, {1, 16, 6, 6}, 16 * 36 * 27},
    {"Conv", {1, 16, 8, 8}, {16, 1, 3, 3}, {1, 16, 6, 6}, 16 * 36 * 9},  // a group for each channel
    {"QLinearConv", {2, 4, 5}, {6, 2, 1}, {2, 6, 5}, 2 * 6 * 5 * 2},
    {"ConvTranspose", {1, 4, 3, 3}, {4, 3, 2, 2}, {1, 6, 6, 6}, 4 * 9 * 3 * 4},  // two groups
    {"Gemm", {3, 4}, {4, 5}, {3, 5}, 3 * 4 * 5},
    {"Gemm", {3, 4}, {5, 4}, {3, 5}, 3 * 4 * 5},  // transB
    {"Gemm", {4, 3}, {4, 5}, {3, 5}, 3 * 4 * 5},  // transA
    {"MatMul", {2, 1, 3, 4}, {7, 4, 5}, {2, 7, 3, 5}, 2 * 7 * 3 * 4 * 5},
    {"QLinearMatMul", {2, 3, 4}, {4, 5}, {2, 3, 5}, 2 * 3 * 4 * 5},
    {"MatMul", {2, 3, 4}, {4}, {2, 3}, 2 * 3 * 4},  // by a vector
    {"MatMul", {4}, {4, 5}, {5}, 4 * 5},
    {"MatMul", {4}, {4}, {}, 4},
    {"MatMul", {0, 4}, {4, 5}, {0, 5}, 0},
    {"QAttention", {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 5, 4}, 2 * 3 * 5 * 7 * (8 + 4)},
    {"Relu", {3, 4}, {4, 5}, {3, 5}, 0},
};

INSTANTIATE_TEST_SUITE_P(Operators, MacsOf, testing::ValuesIn(kRows));

TEST(Macs, AttentionCountsKeysWhateverWayTheyLie) {
  Node node(makeNode("FusedAttention", {}, {}));
  node.setAttr("k_order", std::vector<int64_t>{0, 2, 3, 1});
  EXPECT_EQ(macsOf(node, {2, 5, 3, 8}, {2, 7, 3, 8}, {2, 5, 3, 4}).total, 2 * 3 * 5 * 7 * (8 + 4));
}

TEST(Macs, IntegerOperatorsCountAsInt8) {
  EXPECT_EQ(macsOf(Node(makeNode("QGemm", {}, {}, "", "com.microsoft")), {3, 4}, {4, 5}, {3, 5}).int8, 60);
  EXPECT_EQ(macsOf(Node(makeNode("Gemm", {}, {})), {3, 4}, {4, 5}, {3, 5}).int8, 0);
}

}  // namespace
}  // namespace quant
