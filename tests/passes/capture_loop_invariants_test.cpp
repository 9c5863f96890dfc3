#include "graph/subgraphs.h"
#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

/// A Loop that carries `s`, which changes, and `v`, which `given` says how the body gives back.
Graph loopGiving(const std::string& given, const std::string& more_outputs = "") {
  return graphWith("g (int64 n, float[2,4] x) => (float[2,4] y, float[4,4] kept" + more_outputs + R"()
      <bool go = {1}> {
      y, kept = Loop (n, go, x, w) <
        body = l (int64 i, bool going, float[2,4] s, float[4,4] v) => (bool going_on, float[2,4] t, float[4,4] )" +
                       given + R"() {
          going_on = Identity(going)
          m = MatMul(s, v)
          t = Tanh(m)
          same = Identity(v)
          other = Neg(v)
        }>
    })",
                   {{"w", {4, 4}}});
}

const onnx::GraphProto& bodyOf(const Graph& graph) { return graph.producer("y")->findAttr("body")->g(); }

TEST(CaptureLoopInvariants, WeightsThatAreHandedOnAreReadFromAround) {
  for (const char* given : {"v", "same"}) {
    Graph graph = loopGiving(given);
    EXPECT_EQ(runChecked(graph, captureLoopInvariants), 1);
    const Node& loop = *graph.producer("y");
    EXPECT_EQ(loop.inputCount(), 3);
    EXPECT_EQ(bodyOf(graph).input_size(), 3);
    EXPECT_EQ(bodyOf(graph).output_size(), 2);
    EXPECT_THAT(loop.captures(), ElementsAre("w"));
    EXPECT_EQ(graph.producer("kept")->input(0), "w");
  }
}

TEST(CaptureLoopInvariants, WhatChangesStaysCarried) {
  Graph graph = loopGiving("other");
  EXPECT_EQ(runChecked(graph, captureLoopInvariants), 0);
}

TEST(CaptureLoopInvariants, ALoopKeepsItsLastResult) {
  Graph graph = graphWith(R"(g (int64 n) => (float[4,4] y) <bool go = {1}> {
      y = Loop (n, go, w) <body = l (int64 i, bool going, float[4,4] v) => (bool going_on, float[4,4] v) {
        going_on = Identity(going)
      }>
    })",
                          {{"w", {4, 4}}});
  EXPECT_EQ(captureLoopInvariants(graph), 0);
}

TEST(CaptureLoopInvariants, ANameThatTheBodyUsesForItsOwnIsNotRead) {
  Graph graph = graphWith(R"(g (int64 n, float[2,4] x) => (float[2,4] y) <bool go = {1}> {
      y, kept = Loop (n, go, x, w) <
        body = l (int64 i, bool going, float[2,4] s, float[4,4] v) => (bool going_on, float[2,4] t, float[4,4] v) {
          going_on = Identity(going)
          w = Neg(s)
          t = MatMul(w, v)
        }>
    })",
                          {{"w", {4, 4}}});
  EXPECT_EQ(captureLoopInvariants(graph), 0);
}

}  // namespace
}  // namespace quant::test
