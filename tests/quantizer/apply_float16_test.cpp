#include "quantizer/apply_float16.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "quantizer/float16_testing.h"

namespace quant {
namespace {

using test::converted;
using test::countOps;
using test::inferred;
using test::opTypes;
using testing::ElementsAre;

constexpr DataType kHalf = DataType::kFloat16;

std::vector<float> run(const Graph& graph, NamedTensors inputs) {
  Executor executor(graph, {Backend::kReference, {}, true});
  const auto outputs = executor.run(inputs);
  const auto values = outputs[0].data<float>();
  return {values.begin(), values.end()};
}

NamedTensors inputX(std::vector<float> values, Shape shape) {
  NamedTensors inputs;
  inputs["x"] = Tensor::of<float>(std::move(shape), std::span<const float>(values));
  return inputs;
}

TEST(ApplyFloat16, InputsAndOutputsAreCastOnceAndWeightsAreHalf) {
  const Graph graph = converted(R"(g (float[1,2] x) => (float[1,2] y)
      <float[2,2] w = {1, 2, 3, 0.1}> { a = MatMul(x, w) y = Add(a, x) })");
  EXPECT_THAT(opTypes(graph), ElementsAre("Cast", "MatMul", "Add", "Cast"));
  EXPECT_EQ(graph.constant("w")->type(), kHalf);
  EXPECT_EQ(static_cast<float>(graph.constant("w")->data<Float16>()[3]), 0.0999755859375F);
  EXPECT_EQ(graph.valueType("y")->type, DataType::kFloat32);
  EXPECT_EQ(graph.valueType("a")->type, kHalf);
  // 1*1 + 2*3 + 1 = 8; 2 + 0.2 + 2 = 4.2, nearest half 4.19921875
  EXPECT_THAT(run(graph, inputX({1, 2}, {1, 2})), ElementsAre(8, 4.19921875F));
}

TEST(ApplyFloat16, RoundingErrorsOfAConvolutionsWeightsCancelOut) {
  // 1.0004 lies 0.41 steps above 1. Three of them in a MatMul become 1, 1, 1; in a window 1, 1 and a step, 1.
  const Graph graph = converted(R"(g (float[1,1,3] x, float[1,3] z) => (float[1,1,1] y, float[1,1] m)
      <float[1,1,3] w = {1.0004, 1.0004, 1.0004}, float[3,1] v = {1.0004, 1.0004, 1.0004}> {
      y = Conv(x, w) m = MatMul(z, v) })");
  const auto numbers = [&](const char* name) {
    std::vector<float> values;
    for (const Float16 value : graph.constant(name)->data<Float16>()) values.push_back(static_cast<float>(value));
    return values;
  };
  EXPECT_THAT(numbers("w"), ElementsAre(1, 1.0009765625F, 1));
  EXPECT_THAT(numbers("v"), ElementsAre(1, 1, 1));
}

TEST(ApplyFloat16, HalfInputsAndOutputsNeedNoCast) {
  HalfOptions options;
  options.keep_io_types = false;
  const Graph graph = converted("g (float[2] x) => (float[2] y) { y = Relu(x) }", options);
  EXPECT_THAT(opTypes(graph), ElementsAre("Relu"));
  EXPECT_EQ(graph.valueType("x")->type, kHalf);
  EXPECT_EQ(graph.rest().graph().output(0).type().tensor_type().elem_type(), onnx::TensorProto::FLOAT16);
}

TEST(ApplyFloat16, AValueThatManyReadIsCastOnce) {
  const Graph graph = converted(R"(g (float[2] x) => (float[2] y) {
      r = Relu(x)
      a = Exp(r)
      b = Reciprocal(r)
      y = Add(a, b)
    })");
  // x -> half; r -> float for Exp, Reciprocal and, between them and the output, Add
  EXPECT_EQ(countOps(graph, "Cast"), 0) << dump(graph);
}

TEST(ApplyFloat16, AConstantOfBothPrecisionsExistsTwice) {
  const Graph graph = converted(R"(g (float[2,2] x) => (float[2,2] y)
      <float[2,2] c = {1, 2, 3, 4}> {
        a = MatMul(x, c)
        e = Exp(c)
        y = MatMul(a, e)
      })");
  EXPECT_EQ(graph.constant("c")->type(), DataType::kFloat32);
  EXPECT_EQ(graph.constant("c_float16")->type(), kHalf);
}

TEST(ApplyFloat16, AKeptNodeStandsBetweenTwoCasts) {
  const Graph graph = converted("g (float[2,2] x) => (float[2,2] y) { a = MatMul(x, x) e = Exp(a) y = MatMul(e, e) }");
  EXPECT_THAT(opTypes(graph), ElementsAre("Cast", "MatMul", "Cast", "Exp", "Cast", "MatMul", "Cast"));
}

TEST(ApplyFloat16, CastsAndConstantShapesChangeTheirTypeAttribute) {
  const Graph graph = converted(R"(g (bool[2,2] m, int64[2] s, float[2,2] x) => (float[2,2] y) {
      f = Cast<to=1>(m)
      z = ConstantOfShape(s)
      a = MatMul(x, f)
      b = MatMul(a, z)
      y = Add(a, b)
    })");
  EXPECT_EQ(graph.valueType("f")->type, kHalf);
  EXPECT_EQ(graph.valueType("z")->type, kHalf);
}

TEST(ApplyFloat16, CastsThatChangeNothingGoAway) {
  const Graph graph = converted(R"(g (float16[2,2] h) => (float[2,2] y) {
      f = Cast<to=1>(h)
      y = MatMul(f, f)
    })");
  EXPECT_THAT(opTypes(graph), ElementsAre("MatMul", "Cast"));
}

TEST(ApplyFloat16, ScalesOfResizeStayFloat32) {
  const Graph graph = converted(R"(g (float[1,1,2,2] x) => (float[1,1,4,4] y)
      <float[4] scales = {1, 1, 2, 2}, float[1,1,1,1] w = {2}> {
        a = Conv(x, w)
        r = Resize<mode="nearest">(a, , scales)
        y = Conv(r, w)
      })");
  EXPECT_EQ(graph.constant("scales")->type(), DataType::kFloat32);
  EXPECT_EQ(graph.valueType("r")->type, kHalf);
}

constexpr const char* kIf = R"(g (bool c, float[2,2] x) => (float[2,2] y)
    <float[2,2] w = {1, 2, 3, 4}> {
      a = MatMul(x, w)
      b = If (c) <
        then_branch = g1 () => (float[2,2] t) { k = Constant<value = float[2,2] {1, 0, 0, 1}>() t = MatMul(a, k) },
        else_branch = g2 () => (float[2,2] e) { e = Exp(a) }>
      y = MatMul(b, w)
    })";

TEST(ApplyFloat16, BranchesOfAnIfAreConvertedAndAgreeOnTheirType) {
  const Graph graph = converted(kIf);
  EXPECT_EQ(graph.valueType("b")->type, kHalf);
  const auto& proto = graph.producer("b")->proto();
  const auto& then_branch = proto.attribute(0).g();
  EXPECT_EQ(then_branch.node(0).attribute(0).t().data_type(), onnx::TensorProto::FLOAT16);
  EXPECT_EQ(then_branch.output(0).type().tensor_type().elem_type(), onnx::TensorProto::FLOAT16);
  // Exp reads a cast of the outer value, and its result is cast for the branch's output.
  const auto& else_branch = proto.attribute(1).g();
  EXPECT_EQ(else_branch.node(0).input(0), "a_float32");
  EXPECT_EQ(graph.producer("a_float32")->opType(), "Cast");
  EXPECT_EQ(else_branch.node(1).op_type(), "Cast");
  EXPECT_EQ(else_branch.output(0).name(), else_branch.node(1).output(0));
}

TEST(ApplyFloat16, WhatALoopCarriesHasOneTypeInsideAndOutside) {
  const Graph graph = converted(R"(g (int64 n, bool c, float[2,2] x) => (float[2,2] y, float[k,2,2] all)
      <float[2,2] w = {1, 0, 0, 1}> {
        r = MatMul(x, w)
        last, all = Loop(n, c, r) <
          body = g1 (int64 i, bool ci, float[2,2] s) => (bool co, float[2,2] next, float[2,2] out) {
            co = Identity(ci)
            next = MatMul(s, w)
            out = Relu(next)
          }>
        y = MatMul(last, w)
      })");
  EXPECT_EQ(graph.valueType("last")->type, kHalf);
  const auto& body = graph.producer("last")->proto().attribute(0).g();
  EXPECT_EQ(body.input(2).type().tensor_type().elem_type(), onnx::TensorProto::FLOAT16);
  EXPECT_EQ(body.output(1).type().tensor_type().elem_type(), onnx::TensorProto::FLOAT16);
  EXPECT_EQ(graph.valueType("all")->type, DataType::kFloat32);
}

TEST(ApplyFloat16, ScanBodiesAreConverted) {
  const Graph graph = converted(R"(g (float[2] s, float[3,2] x) => (float[2] y, float[3,2] z) {
      t = Relu(s)
      y, z = Scan <num_scan_inputs = 1,
        body = g1 (float[2] state, float[2] row) => (float[2] next, float[2] out) {
          next = Add(state, row)
          out = Sigmoid(next)
        }>(t, x)
    })");
  EXPECT_GE(countOps(graph, "Scan"), 1);
}

TEST(ApplyFloat16, AnOutputThatIsAlsoReadKeepsItsName) {
  const Graph graph = converted(R"(g (float[2,2] x) => (float[2,2] a, float[2,2] y) {
      a = MatMul(x, x)
      y = MatMul(a, x)
    })");
  EXPECT_EQ(graph.producer("a")->opType(), "Cast");
  EXPECT_EQ(graph.producer(graph.producer("a")->input(0))->opType(), "MatMul");
  EXPECT_EQ(countOps(graph, "Cast"), 3);  // x, a, y
}

TEST(ApplyFloat16, WritesTypesOfAllValues) {
  Graph graph = inferred("g (float[2,2] x) => (float[2,2] y) { a = MatMul(x, x) y = MatMul(a, x) }");
  auto& info = *graph.rest().mutable_graph()->add_value_info();
  info.set_name("a");
  info.mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  applyFloat16(graph, planFloat16(graph, nullptr, {}));
  EXPECT_EQ(graph.rest().graph().value_info(0).type().tensor_type().elem_type(), onnx::TensorProto::FLOAT16);
  graph.inferShapes();  // else it would contradict
}

TEST(ApplyFloat16, BFloat16Works) {
  const Graph graph = converted("g (float[2,2] x) => (float[2,2] y) <float[2,2] w = {1, 2, 3, 4}> { y = MatMul(x, w) }",
                                {DataType::kBFloat16});
  EXPECT_EQ(graph.constant("w")->type(), DataType::kBFloat16);
  EXPECT_THAT(run(graph, inputX({1, 0, 0, 1}, {2, 2})), ElementsAre(1, 2, 3, 4));
}

}  // namespace
}  // namespace quant
