#include <gtest/gtest.h>

#include "core/error.h"
#include "graph/graph.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

std::string messageOf(const std::string& text) {
  try {
    test::parseGraph(text).verify();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    return error.what();
  }
  return "no error";
}

TEST(Verify, AcceptsAWholeGraph) {
  EXPECT_EQ(messageOf("g (float[1] x) => (float[1] y) { a = Neg(x)  y = Abs(a) }"), "no error");
}

TEST(Verify, NamesTheReaderOfADanglingValue) {
  EXPECT_EQ(messageOf("g (float[1] x) => (float[1] y) { [conv1] y = Add(x, w0) }"),
            "node 'conv1' (Add) reads 'w0', which nothing produces");
}

TEST(Verify, LabelsANodeWithoutANameByItsOutput) {
  EXPECT_EQ(messageOf("g (float[1] x) => (float[1] y) { y = Add(x, w0) }"),
            "node '(output y)' (Add) reads 'w0', which nothing produces");
}

TEST(Verify, NamesTheOwnerOfASubgraphWithADanglingValue) {
  EXPECT_EQ(messageOf(R"(g (bool c) => (float[1] y) {
                [choose] y = If(c) <then_branch = t () => (float[1] p) { p = Neg(gone) },
                                    else_branch = e () => (float[1] q) { q = Abs(gone) }>
              })"),
            "a subgraph of node 'choose' (If) reads 'gone', which nothing produces");
}

TEST(Verify, NamesAnOutputThatNothingProduces) {
  EXPECT_EQ(messageOf("g (float[1] x) => (float[1] y) { a = Neg(x) }"), "nothing produces the graph's output 'y'");
}

TEST(Verify, TwoProducersOfAValueAreRefused) {
  EXPECT_EQ(messageOf("g (float[1] x) => (float[1] y) { [a] y = Neg(x)  [b] y = Abs(x) }"),
            "node 'b' (Abs) produces 'y', which something else produces too");
  EXPECT_EQ(messageOf("g (float[1] x) => (float[1] y) <float[1] y = {1}> { [a] y = Neg(x) }"),
            "node 'a' (Neg) produces 'y', which something else produces too");
  EXPECT_EQ(messageOf("g (float[2] x) => (float[1] y) { [a] y, y = Split(x) }"), "node 'a' (Split) produces 'y' twice");
}

TEST(Verify, AProducedGraphInputIsRefused) {
  EXPECT_EQ(messageOf("g (float[1] x) => (float[1] x) { [a] x = Neg(x) }"),
            "the graph has a cycle: node 'a' (Neg) waits for its own result");
  EXPECT_EQ(messageOf("g (float[1] x, float[1] z) => (float[1] x) { [a] x = Neg(z) }"),
            "node 'a' (Neg) produces 'x', which is also an input of the graph");
}

TEST(Verify, TwoInitializersOfANameAreRefused) {
  auto model = test::parseModel("g (float[1] x) => (float[1] y) <float[1] w = {1}> { y = Add(x, w) }");
  *model.mutable_graph()->add_initializer() = model.graph().initializer(0);
  try {
    const Graph graph(std::move(model));
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the model has two initializers named 'w'");
  }
}

}  // namespace
}  // namespace quant
