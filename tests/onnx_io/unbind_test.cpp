#include "onnx_io/unbind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/subgraphs.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

int inputsLeft(const std::string& text) {
  onnx::ModelProto model = test::parseModel(text, 17);
  dropSizesOfUnbind(model);
  for (const auto& node : model.graph().node()) {
    if (node.op_type() == "SplitToSequence") return node.input_size();
    int inside = 0;
    forEachSubgraph(node, [&](const onnx::GraphProto& body) { inside = body.node(0).input_size(); });
    if (inside > 0) return inside;
  }
  return 0;
}

TEST(Unbind, LosesASizeOfOneThatWouldKeepTheAxis) {
  EXPECT_EQ(inputsLeft("g (float[3] x) => (float y) <int64 one = {1}> { s = SplitToSequence<keepdims = 0>(x, one) }"),
            1);
  EXPECT_EQ(inputsLeft(R"(g (float[3] x) => (float y) {
      one = Constant<value = int64 {1}>()
      s = SplitToSequence<keepdims = 0>(x, one) })"),
            1);
}

TEST(Unbind, InABodyIsFoundToo) {
  EXPECT_EQ(inputsLeft(R"(g (bool c, float[3] x) => (float y) <int64 one = {1}> {
      y = If(c) <then_branch = t () => (float a) { s = SplitToSequence<keepdims = 0>(x, one)  a = SequenceAt(s, one) },
                 else_branch = e () => (float b) { r = SplitToSequence<keepdims = 0>(x, one)  b = SequenceAt(r, one) }> })"),
            1);
}

TEST(Unbind, OtherSizesAndAxesThatAreKeptStay) {
  EXPECT_EQ(inputsLeft("g (float[3] x) => (float y) <int64 one = {1}> { s = SplitToSequence(x, one) }"), 2);
  EXPECT_EQ(inputsLeft("g (float[3] x) => (float y) <int64 two = {2}> { s = SplitToSequence<keepdims = 0>(x, two) }"),
            2);
  EXPECT_EQ(
      inputsLeft("g (float[3] x) => (float y) <int64[1] one = {1}> { s = SplitToSequence<keepdims = 0>(x, one) }"), 2);
}

}  // namespace
}  // namespace quant
