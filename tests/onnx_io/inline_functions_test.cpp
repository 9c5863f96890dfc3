#include "onnx_io/inline_functions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "graph/subgraphs.h"
#include "onnx_io/check.h"
#include "onnx_io/load.h"
#include "runtime/executor.h"
#include "support/onnx_text.h"
#include "support/temp_folder.h"

namespace quant {
namespace {

using testing::ElementsAre;

/// A model with functions of the domain "local"; `opset` is the main graph's.
Graph parseWithFunctions(const std::string& text, int opset = 17) {
  onnx::ModelProto model;
  const std::string head = "<ir_version: 8, opset_import: [\"\": " + std::to_string(opset) + ", \"local\": 1]>\n";
  const auto status = onnx::OnnxParser::Parse(model, (head + text).c_str());
  if (!status.IsOK()) throw std::runtime_error("test model does not parse: " + status.ErrorMessage());
  return Graph(std::move(model));
}

Graph inlined(const std::string& text, int opset = 17) {
  Graph graph = parseWithFunctions(text, opset);
  inlineFunctions(graph);
  graph.verify();
  checkGraph(graph);
  return graph;
}

std::vector<float> outputOf(const Graph& graph, std::initializer_list<float> x) {
  Executor executor(graph, {.backend = Backend::kReference, .watched = {}, .fuse = false});
  NamedTensors inputs;
  inputs["x"] = Tensor::of<float>({std::ssize(x)}, x);
  const auto outputs = executor.run(inputs);
  const auto values = outputs[0].data<float>();
  return {values.begin(), values.end()};
}

const char* const kTwice = R"(
    <domain: "local", opset_import: ["": 17]>
    Twice (p) => (q) { t = Add(p, p)  [last] q = Neg(t) })";

TEST(InlineFunctions, ACallBecomesTheNodesOfTheFunctionWithNamesOfItsOwn) {
  const Graph graph = inlined(std::string(R"(g (float[2] x) => (float[2] y) {
      [first] t = local.Twice(x)
      [second] y = local.Twice(t)
    })") + kTwice);
  EXPECT_EQ(dump(graph),
            "first/t = Add(x, x)\n"
            "t = Neg(first/t)\n"
            "second/t = Add(t, t)\n"
            "y = Neg(second/t)\n");
  EXPECT_EQ(graph.producer("y")->name(), "second/last");
  EXPECT_EQ(graph.rest().functions_size(), 0);
  EXPECT_THAT(outputOf(graph, {1, 2}), ElementsAre(4, 8));
}

TEST(InlineFunctions, TheDomainIsNoLongerImported) {
  const Graph graph = inlined(std::string("g (float[2] x) => (float[2] y) { y = local.Twice(x) }") + kTwice);
  EXPECT_EQ(graph.opset("local"), 0);
}

TEST(InlineFunctions, AttributesComeFromTheCallerOrByDefaultOrStayAway) {
  const Graph graph = inlined(R"(g (float[2] x) => (float[2] y, float[2] z) {
      y = local.Leak <slope = 0.5> (x)
      z = local.Leak (x)
    }
    <domain: "local", opset_import: ["": 17]>
    Leak <slope: float = 0.25> (p) => (q) { q = LeakyRelu <alpha: float = @slope> (p) })");
  EXPECT_EQ(graph.producer("y")->attr("alpha", 0.0F), 0.5F);
  EXPECT_EQ(graph.producer("z")->attr("alpha", 0.0F), 0.25F);
  const Graph without = inlined(R"(g (float[2] x) => (float[2] y) { y = local.Leak (x) }
    <domain: "local", opset_import: ["": 17]>
    Leak <slope> (p) => (q) { q = LeakyRelu <alpha: float = @slope> (p) })");
  EXPECT_FALSE(without.producer("y")->hasAttr("alpha"));
}

TEST(InlineFunctions, AnOmittedInputStaysOmitted) {
  const Graph graph = inlined(R"(g (float[2] x, float m) => (float[2] y) { y = local.Cut(x, , m) }
    <domain: "local", opset_import: ["": 17]>
    Cut (p, low, high) => (q) { q = Clip(p, low, high) })");
  EXPECT_EQ(dump(graph), "y = Clip(x, , m)\n");
}

TEST(InlineFunctions, AResultThatIsAnInputIsCopied) {
  const Graph graph = inlined(R"(g (float[2] x) => (float[2] y, float[2] z) { y, z = local.Both(x) }
    <domain: "local", opset_import: ["": 17]>
    Both (p) => (q, p) { q = Neg(p) })");
  EXPECT_EQ(dump(graph), "y = Neg(x)\nz = Identity(x)\n");
}

TEST(InlineFunctions, FunctionsInFunctionsAndBodiesAreReached) {
  const Graph graph = inlined(std::string(R"(g (float[2] x, bool c) => (float[2] y) { [call] y = local.Choose(x, c) }
    <domain: "local", opset_import: ["": 17, "local": 1]>
    Choose (p, c) => (q) {
      n = Abs(p)
      q = If (c) <then_branch = t () => (a) { a = local.Twice(n) }, else_branch = e () => (b) { b = Neg(n) }>
    })") + kTwice);
  const onnx::NodeProto& node = graph.producer("y")->proto();
  std::vector<std::string> types;
  forEachSubgraph(node, [&](const onnx::GraphProto& body) {
    for (const auto& inner : body.node()) types.push_back(inner.op_type() + "(" + inner.input(0) + ")");
  });
  EXPECT_THAT(types, ElementsAre("Add(call/n)", "Neg(Twice/t)", "Neg(call/n)"));
}

TEST(InlineFunctions, OlderOperatorsOfAFunctionAreRaisedToTheModels) {
  const Graph graph = inlined(R"(g (float[2] x) => (float[1,2] y) { y = local.Row(x) }
    <domain: "local", opset_import: ["": 11]>
    Row (p) => (q) { q = Unsqueeze <axes = [0]> (p) })");
  EXPECT_EQ(graph.producer("y")->inputCount(), 2);  // the axes are an input from opset 13 on
  EXPECT_EQ(graph.opset(), 17);
}

TEST(InlineFunctions, AModelIsRaisedToNewerOperatorsOfAFunction) {
  const Graph graph = inlined(R"(g (float[2] x) => (float[2] y) { y = local.Smooth(x) }
    <domain: "local", opset_import: ["": 20]>
    Smooth (p) => (q) { q = Gelu(p) })");
  EXPECT_EQ(graph.opset(), 20);
}

TEST(InlineFunctions, AFunctionThatCallsItselfIsRefused) {
  Graph graph = parseWithFunctions(R"(g (float[2] x) => (float[2] y) { y = local.Round(x) }
    <domain: "local", opset_import: ["": 17, "local": 1]>
    Round (p) => (q) { q = local.About(p) }
    <domain: "local", opset_import: ["": 17, "local": 1]>
    About (p) => (q) { q = local.Round(p) })");
  try {
    inlineFunctions(graph);
    FAIL() << "it was inlined";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_STREQ(error.what(), "the model's function 'Round' calls itself");
  }
}

TEST(InlineFunctions, MoreNodesThanAnyModelHasAreRefused) {
  std::string text = "g (float[2] x) => (float[2] y) { y = local.F0(x) }";
  for (int i = 0; i < 24; ++i) {
    const std::string next = i == 23 ? "Neg" : "local.F" + std::to_string(i + 1);
    text += "\n<domain: \"local\", opset_import: [\"\": 17, \"local\": 1]>\nF" + std::to_string(i) +
            " (p) => (q) { t = " + next + "(p)  q = " + next + "(t) }";
  }
  Graph graph = parseWithFunctions(text);
  try {
    inlineFunctions(graph);
    FAIL() << "it was inlined";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUnsupported);
    EXPECT_STREQ(error.what(), "the model's functions unfold to more than 250000 nodes");
  }
}

TEST(InlineFunctions, ALoadedModelHasNone) {
  const test::TempFolder folder;
  Graph graph = parseWithFunctions(std::string("g (float[2] x) => (float[2] y) { y = local.Twice(x) }") + kTwice);
  const auto path = folder.write("m.onnx", std::move(graph).release().SerializeAsString());
  EXPECT_EQ(test::opTypes(load(path)), (std::vector<std::string>{"Add", "Neg"}));
}

}  // namespace
}  // namespace quant
