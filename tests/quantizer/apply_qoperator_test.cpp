#include "quantizer/apply_qoperator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantizer/apply_qdq.h"
#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using test::opTypes;
using test::parseGraph;

struct Case {
  const char* name;
  const char* text;
  std::map<std::string, Range> ranges;
  std::vector<std::string> ops;
};

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

class ApplyQOperator : public testing::TestWithParam<Case> {
 protected:
  ApplyQOperator() : graph_(parseGraph(GetParam().text)) {
    graph_.inferShapes();
    RangeTable table;
    for (const auto& [value, range] : GetParam().ranges) table.values[value].range = range;
    plan_ = makePlan(graph_, place(graph_, {}), table, {});
  }

  [[nodiscard]] Graph applied(void (*apply)(Graph&, const QuantizationPlan&)) const {
    Graph graph = graph_.clone();
    apply(graph, plan_);
    return graph;
  }

  Graph graph_;
  QuantizationPlan plan_;
};

TEST_P(ApplyQOperator, WritesTheIntegerOperators) {
  EXPECT_THAT(opTypes(applied(applyQOperator)), testing::ElementsAreArray(GetParam().ops));
}

TEST_P(ApplyQOperator, GivesTheSameNumbersAsQuantizeAndDequantizeLinear) {
  NamedTensors inputs;
  const Shape shape = *graph_.valueType("x")->shape;
  Tensor x(DataType::kFloat32, shape);
  float value = -1;
  for (float& element : x.data<float>()) element = value += 0.37F;
  inputs["x"] = std::move(x);
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    Executor qdq(applied(applyQdq), {backend, {}, true}), integers(applied(applyQOperator), {backend, {}, true});
    const auto expected = qdq.run(inputs), actual = integers.run(inputs);
    EXPECT_TRUE(std::ranges::equal(expected[0].data<float>(), actual[0].data<float>())) << toString(backend);
  }
}

const Case kCases[] = {
    {"ConvReluPoolConv",
     R"(g (float[1,1,2,2] x) => (float[1,1,1,1] z)
       <float[1,1,1,1] w = {0.5}, float[1] b = {0.25}, float[1,1,1,1] v = {-0.75}> {
         c = Conv(x, w, b)
         r = Relu(c)
         p = MaxPool<kernel_shape = [2, 2]>(r)
         z = Conv(p, v)
       })",
     {{"x", {-1, 1.55F}}, {"r", {0, 2}}, {"z", {-2, 0}}},
     {"QuantizeLinear", "QLinearConv", "MaxPool", "QLinearConv", "DequantizeLinear"}},
    {"AddStaysBetween",
     R"(g (float[1,1,1,2] x) => (float[1,1,1,2] z) <float[1,1,1,1] w = {0.5}> {
         c = Conv(x, w)
         z = Add(c, x)
       })",
     {{"x", {-1, 1}}, {"c", {-1, 1}}, {"z", {-2, 2}}},
     {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "DequantizeLinear", "Add", "QuantizeLinear",
      "DequantizeLinear"}},
    {"MatMulWithARealResult",
     R"(g (float[1,2] x) => (float[1,2] z) <float[2,2] w = {1, 2, -3, 4}> { z = MatMul(x, w) })",
     {{"x", {-1, 1.55F}}},
     {"QuantizeLinear", "MatMulInteger", "Cast", "Mul"}},
    {"GemmWithABiasAndARealResult",
     R"(g (float[1,2] x) => (float[1,2] z) <float[2,2] w = {1, 2, -3, 4}, float[2] b = {0.5, -7}> { z = Gemm(x, w, b) })",
     {{"x", {-1, 1.55F}}},
     {"QuantizeLinear", "MatMulInteger", "Add", "Cast", "Mul"}},
    {"GemmWithTransposedWeights",
     R"(g (float[1,2] x) => (float[1,3] z) <float[3,2] w = {1, 2, -3, 4, 0.5, 5}, float[3] b = {0.5, -7, 1}> {
         z = Gemm<transB = 1>(x, w, b)
       })",
     {{"x", {-1, 1.55F}}},
     {"QuantizeLinear", "MatMulInteger", "Add", "Cast", "Mul"}},
    {"MatMulThatAnotherReads",
     R"(g (float[1,2] x) => (float[1,2] z) <float[2,2] w = {1, 2, -3, 4}, float[2,2] v = {1, 0.5, 2, -1}> {
         m = MatMul(x, w)
         z = MatMul(m, v)
       })",
     {{"x", {-1, 1.55F}}, {"m", {-5, 6}}},
     {"QuantizeLinear", "QLinearMatMul", "MatMulInteger", "Cast", "Mul"}},
};

INSTANTIATE_TEST_SUITE_P(Models, ApplyQOperator, testing::ValuesIn(kCases),
                         [](const testing::TestParamInfo<Case>& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace quant
