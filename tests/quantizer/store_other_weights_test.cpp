#include "quantizer/store_other_weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "quantizer/apply_float16.h"
#include "quantizer/place_dynamic.h"
#include "quantizer/plan_dynamic.h"
#include "quantizer/plan_float16.h"
#include "quantizer/weight_only_testing.h"

namespace quant {
namespace {

class StoreOtherWeights : public testing::Test {
 protected:
  static QuantizationPlan planFor(const Graph& graph, const NodeSelection& selection = {}) {
    Int8Options int8;
    int8.selection = selection;
    QuantizationPlan plan = makeDynamicPlan(graph, placeDynamic(graph, int8, {}), {}, int8);
    storeOtherWeights(graph, selection, plan);
    return plan;
  }

  static Treatment treatmentOf(const QuantizationPlan& plan, std::string_view output) {
    return std::ranges::find(plan.nodes, output, &NodePlacement::output)->treatment;
  }

  /// An embedding, a product with weights, and a GRU; all weights are large.
  static Graph network() {
    return test::graphWithWeights(R"(g (int64[5,1] i) => (float[5,1,1,64] y) {
        e = Gather(table, i)
        p = MatMul(e, m)
        y = GRU<hidden_size = 64>(p, w, r)
      })",
                                  {{"table", {50, 32}}, {"m", {32, 64}}, {"w", {1, 192, 64}}, {"r", {1, 192, 64}}});
  }
};

TEST_F(StoreOtherWeights, GoesTogetherWithStaticInt8) {
  const Graph graph = network();
  RangeTable ranges;
  for (const char* value : {"e", "p"}) ranges.values[value].range = {-1, 1};
  QuantizationPlan plan = makePlan(graph, place(graph, {}), ranges, {});
  storeOtherWeights(graph, {}, plan);
  EXPECT_EQ(treatmentOf(plan, "e"), Treatment::kWeights);
  EXPECT_EQ(treatmentOf(plan, "p"), Treatment::kInt8);
  EXPECT_EQ(treatmentOf(plan, "y"), Treatment::kWeights);
  EXPECT_EQ(plan.stored.size(), 3U);  // both weights of the GRU
}

TEST_F(StoreOtherWeights, LeavesFloat16AloneBeforeTheOpsetThatScalesItHas) {
  Graph graph = network();
  graph.inferShapes();
  applyFloat16(graph, planFloat16(graph, nullptr, {}));
  graph.inferShapes();
  ASSERT_LT(graph.opset(), 19);
  EXPECT_TRUE(planFor(graph).stored.empty());
}

TEST_F(StoreOtherWeights, TakesTablesAndGruButNotWhatIsMultipliedOnIntegers) {
  const QuantizationPlan plan = planFor(network());
  EXPECT_EQ(treatmentOf(plan, "e"), Treatment::kWeights);
  EXPECT_EQ(treatmentOf(plan, "p"), Treatment::kDynamic);
  EXPECT_EQ(treatmentOf(plan, "y"), Treatment::kWeights);
  std::vector<std::string> constants;
  for (const StoredWeights& stored : plan.stored) constants.push_back(stored.constant);
  EXPECT_THAT(constants, testing::UnorderedElementsAre("table", "w", "r"));
}

TEST_F(StoreOtherWeights, SaysThatAGruComputesInFloat) {
  const QuantizationPlan plan = planFor(network());
  EXPECT_THAT(std::ranges::find(plan.nodes, "y", &NodePlacement::output)->reason,
              testing::HasSubstr("computes in float, as ONNX has no GRU on integers"));
}

TEST_F(StoreOtherWeights, LeavesOutWhatTheUserExcludes) {
  NodeSelection selection;
  selection.exclude_ops = {"Gather"};
  const QuantizationPlan plan = planFor(network(), selection);
  EXPECT_EQ(treatmentOf(plan, "e"), Treatment::kFloat);
}

}  // namespace
}  // namespace quant
