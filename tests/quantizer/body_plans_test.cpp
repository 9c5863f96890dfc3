#include "quantizer/body_plans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/subgraphs.h"
#include "quantizer/apply_dynamic.h"
#include "quantizer/apply_weight_only.h"
#include "quantizer/place_dynamic.h"
#include "quantizer/place_weight_only.h"
#include "quantizer/plan_dynamic.h"
#include "quantizer/weight_only_testing.h"
#include "runtime/executor.h"

namespace quant {
namespace {

using test::graphWithWeights;
using test::wave;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

QuantizationPlan planWeights(const Graph& graph, const NodeSelection& selection = {}) {
  return planWithBodies(graph, selection, [](const Graph& one, const NodeSelection& here) {
    WeightOnlyOptions options;
    options.selection = here;
    return planWeightStorage(one, options);
  });
}

Graph withWeights(const Graph& graph, const NodeSelection& selection = {}) {
  Graph result = graph.clone();
  applyWithBodies(result, planWeights(graph, selection),
                  [](Graph& one, const QuantizationPlan& plan) { applyWeightStorage(one, plan, {}); });
  return result;
}

Graph dynamic(const Graph& graph) {
  const auto plan = planWithBodies(graph, {}, [](const Graph& one, const NodeSelection& here) {
    Int8Options int8;
    int8.selection = here;
    return makeDynamicPlan(one, placeDynamic(one, int8, {}), {}, int8);
  });
  Graph result = graph.clone();
  applyWithBodies(result, plan, [](Graph& one, const QuantizationPlan& part) { applyDynamic(one, part); });
  return result;
}

std::vector<std::string> opsIn(const Node& node) {
  std::vector<std::string> types;
  forEachSubgraph(node.proto(), [&](const onnx::GraphProto& body) {
    for (const auto& inner : body.node()) types.push_back(inner.op_type());
  });
  return types;
}

int initializersIn(const Node& node) {
  int count = 0;
  forEachSubgraph(node.proto(), [&](const onnx::GraphProto& body) { count += body.initializer_size(); });
  return count;
}

Tensor run(const Graph& graph, bool branch = true) {
  NamedTensors inputs;
  inputs["x"] = wave({2, 64});
  const auto names = graph.inputs();
  if (std::ranges::find(names, "c") != names.end()) inputs["c"] = Tensor::scalar<bool>(branch);
  if (std::ranges::find(names, "n") != names.end()) inputs["n"] = Tensor::scalar<int64_t>(3);
  return std::move(Executor(graph, {Backend::kReference, {}, true}).run(inputs)[0]);
}

void expectNear(const Tensor& expected, const Tensor& actual, float allowed) {
  ASSERT_EQ(expected.shape(), actual.shape());
  for (size_t i = 0; i < expected.data<float>().size(); ++i) {
    EXPECT_NEAR(expected.data<float>()[i], actual.data<float>()[i], allowed);
  }
}

const NodePlacement& rowOf(const QuantizationPlan& plan, const std::string& output) {
  return *std::ranges::find(plan.nodes, output, &NodePlacement::output);
}

/// Both branches read `w`, which stands outside of them; one reads `v` too.
Graph choice(const std::string& more = "", const std::string& outputs = "") {
  Graph graph = graphWithWeights("g (bool c, float[2,64] x) => (float[2,64] y" + outputs + R"() {
      [pick] y = If (c) <
        then_branch = t () => (float[2,64] a) { [first] a = MatMul(x, w) },
        else_branch = e () => (float[2,64] b) { r = Relu(x) m = MatMul(r, w) b = MatMul(m, v) }>
      )" + more + "}",
                                 {{"w", {64, 64}}});
  Tensor v = wave({64, 64});
  std::ranges::reverse(v.data<float>());  // or it would be the same as w
  graph.defineConstant("v", std::move(v));
  graph.inferShapes();
  return graph;
}

Graph loop() {
  return graphWithWeights(R"(g (int64 n, float[2,64] x) => (float[2,64] y) <bool go = {1}> {
      y = Loop (n, go, x) <body = l (int64 i, bool going, float[2,64] s) => (bool go_on, float[2,64] t) {
        go_on = Identity(going)
        m = MatMul(s, w)
        t = Tanh(m)
      }>
    })",
                          {{"w", {64, 64}}});
}

TEST(BodyPlans, RowsOfABodyStandBeforeTheirNodeBelowItsPath) {
  const auto plan = planWeights(choice());
  std::vector<std::string> keys;
  for (const auto& row : plan.nodes) keys.push_back(row.output);
  EXPECT_THAT(keys, ElementsAre("y/then_branch/a", "y/else_branch/r", "y/else_branch/m", "y/else_branch/b", "y"));
  EXPECT_EQ(plan.nodes[0].label, "pick/then_branch/first");
  EXPECT_EQ(plan.nodes[0].treatment, Treatment::kWeights);
  EXPECT_EQ(plan.count(Treatment::kWeights), 3U);
}

TEST(BodyPlans, WeightsThatBranchesShareAreStoredOnceAndNotInFloat) {
  const Graph result = withWeights(choice());
  const Node& node = *result.producer("y");
  EXPECT_THAT(opsIn(node), UnorderedElementsAre("MatMul", "Relu", "MatMul", "DequantizeLinear", "MatMul"));
  EXPECT_THAT(test::opTypes(result), ElementsAre("DequantizeLinear", "If"));
  std::vector<DataType> large;
  for (const auto& name : result.constants()) {
    if (result.valueType(name)->shape == Shape{64, 64}) large.push_back(result.valueType(name)->type);
  }
  EXPECT_THAT(large, ElementsAre(DataType::kInt8));  // w; v stays where it is read
}

TEST(BodyPlans, BranchesWithStoredWeightsSayTheSame) {
  const Graph graph = choice(), result = withWeights(graph);
  for (const bool branch : {true, false}) expectNear(run(graph, branch), run(result, branch), 0.5F);
}

TEST(BodyPlans, WeightsThatTheMainGraphReadsInFloatStayFloatInBodiesToo) {
  const Graph graph = choice("z = Exp(w)", ", float[64,64] z");
  const auto plan = planWeights(graph);
  EXPECT_EQ(rowOf(plan, "y/then_branch/a").treatment, Treatment::kFloat);
  EXPECT_THAT(rowOf(plan, "y/then_branch/a").reason, HasSubstr("'w' are read in float outside of the body too"));
  EXPECT_EQ(rowOf(plan, "y/else_branch/b").treatment, Treatment::kWeights);
}

TEST(BodyPlans, WeightsThatABodyReadsInFloatStayFloatOutsideToo) {
  const Graph graph = graphWithWeights(R"(g (bool c, float[2,64] x) => (float[2,64] y, float[64,64] z) {
      y = MatMul(x, w)
      [pick] z = If (c) <then_branch = t () => (float[64,64] a) { a = Exp(w) },
                  else_branch = e () => (float[64,64] b) { b = Abs(w) }>
    })",
                                       {{"w", {64, 64}}});
  const auto plan = planWeights(graph);
  EXPECT_TRUE(plan.stored.empty());
  EXPECT_THAT(rowOf(plan, "y").reason, HasSubstr("read in float inside 'pick/then_branch' too"));
}

TEST(BodyPlans, TheBodyOfALoopReadsStoredWeights) {
  const Graph graph = loop(), result = withWeights(graph);
  EXPECT_THAT(opsIn(*result.producer("y")), UnorderedElementsAre("Identity", "DequantizeLinear", "MatMul", "Tanh"));
  EXPECT_FALSE(result.isConstant("w"));
  expectNear(run(graph), run(result), 0.3F);
}

TEST(BodyPlans, TheBodyOfALoopMultipliesIntegers) {
  const Graph graph = loop(), result = dynamic(graph);
  EXPECT_THAT(opsIn(*result.producer("y")),
              UnorderedElementsAre("Identity", "DynamicQuantizeLinear", "MatMulInteger", "Cast", "Mul", "Mul", "Tanh"));
  EXPECT_FALSE(result.isConstant("w"));
  expectNear(run(graph), run(result), 0.3F);
}

TEST(BodyPlans, ABodyInsideABodyIsReached) {
  const Graph graph = graphWithWeights(R"(g (bool c, float[2,64] x) => (float[2,64] y) {
      y = If (c) <
        then_branch = t () => (float[2,64] a) {
          a = If (c) <then_branch = tt () => (float[2,64] p) { p = MatMul(x, w) },
                      else_branch = te () => (float[2,64] q) { q = Neg(x) }>
        },
        else_branch = e () => (float[2,64] b) { b = Abs(x) }>
    })",
                                       {{"w", {64, 64}}});
  EXPECT_EQ(rowOf(planWeights(graph), "y/then_branch/a/then_branch/p").treatment, Treatment::kWeights);
  const Graph result = withWeights(graph);
  EXPECT_FALSE(result.isConstant("w"));
  expectNear(run(graph), run(result), 0.3F);
}

TEST(BodyPlans, ANodeInABodyIsExcludedByItsName) {
  NodeSelection selection;
  selection.exclude_nodes = {"first"};
  const auto plan = planWeights(choice(), selection);
  EXPECT_EQ(rowOf(plan, "y/then_branch/a").reason, "excluded by --exclude-node 'first'");
  EXPECT_EQ(rowOf(plan, "y/else_branch/m").treatment, Treatment::kFloat);  // or `w` would be there twice
  EXPECT_EQ(rowOf(plan, "y/else_branch/b").treatment, Treatment::kWeights);
}

TEST(BodyPlans, ANodeInABodyIsKeptOrChosenByItsKey) {
  NodeSelection kept;
  kept.kept_float["y/else_branch/b"] = "loses too much";
  EXPECT_EQ(rowOf(planWeights(choice(), kept), "y/else_branch/b").reason, "loses too much");
  NodeSelection only;
  only.only = {"y/else_branch/b"};
  const auto plan = planWeights(choice(), only);
  EXPECT_EQ(plan.count(Treatment::kWeights), 1U);
  EXPECT_EQ(rowOf(plan, "y/else_branch/b").treatment, Treatment::kWeights);
}

TEST(BodyPlans, OperatorsOfMicrosoftInABodyAreImported) {
  Graph graph = loop();
  auto& imports = *graph.rest().mutable_opset_import();
  imports.erase(
      std::remove_if(imports.begin(), imports.end(), [](const auto& entry) { return !entry.domain().empty(); }),
      imports.end());
  const auto plan = planWithBodies(graph, {}, [](const Graph& one, const NodeSelection& here) {
    WeightOnlyOptions options;
    options.bits = 4;
    options.format = OperatorFormat::kMicrosoft;
    options.selection = here;
    return planWeightStorage(one, options);
  });
  applyWithBodies(graph, plan, [](Graph& one, const QuantizationPlan& part) { applyWeightStorage(one, part, {}); });
  EXPECT_THAT(opsIn(*graph.producer("y")), testing::Contains("MatMulNBits"));
  EXPECT_EQ(graph.opset("com.microsoft"), 1);
}

TEST(BodyPlans, AModelWithoutWeightsInBodiesKeepsItsBodies) {
  Graph graph = graphWithWeights(R"(g (bool c, float[2,64] x) => (float[2,64] y) {
      m = MatMul(x, w)
      y = If (c) <then_branch = t () => (float[2,64] a) { a = Neg(m) },
                  else_branch = e () => (float[2,64] b) { b = Abs(m) }>
    })",
                                 {{"w", {64, 64}}});
  const Graph result = withWeights(graph);
  EXPECT_THAT(opsIn(*result.producer("y")), ElementsAre("Neg", "Abs"));
  EXPECT_EQ(initializersIn(*result.producer("y")), 0);
}

}  // namespace
}  // namespace quant
