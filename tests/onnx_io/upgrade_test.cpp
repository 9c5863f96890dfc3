#include "onnx_io/upgrade.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <onnx/checker.h>
#include <onnx/shape_inference/implementation.h>

#include <cstring>
#include <random>

#include "core/error.h"
#include "runtime/executor.h"
#include "support/onnx_text.h"
#include "support/tensor_compare.h"

namespace quant {
namespace {

using google::protobuf::util::MessageDifferencer;
using test::opTypes;
using test::parseGraph;
using test::parseModel;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Float inputs get numbers around zero, others small whole ones.
NamedTensors makeInputs(const Graph& graph) {
  std::mt19937 random(1);
  NamedTensors inputs;
  for (const auto& name : graph.inputs()) {
    const auto type = graph.valueType(name);
    Tensor tensor(type->type, *type->shape);
    if (type->type == DataType::kFloat32) {
      std::normal_distribution<float> numbers;
      for (float& value : tensor.data<float>()) value = numbers(random);
    } else if (type->type == DataType::kFloat16) {
      std::normal_distribution<float> numbers;
      for (Float16& value : tensor.data<Float16>()) value = Float16(numbers(random));
    } else if (type->type == DataType::kInt64) {
      for (int64_t& value : tensor.data<int64_t>()) value = static_cast<int64_t>(random() % 2);
    } else {
      std::memset(tensor.bytes(), 1, tensor.byteSize());
    }
    inputs.emplace(name, std::move(tensor));
  }
  return inputs;
}

std::vector<Tensor> run(const Graph& graph, const NamedTensors& inputs) {
  return Executor(graph, {.backend = Backend::kReference, .watched = {}, .fuse = false}).run(inputs);
}

/// Shape inference alone does not find every shape.
void declareOutputs(Graph& graph, const std::vector<Tensor>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto& type =
        *graph.rest().mutable_graph()->mutable_output(static_cast<int>(i))->mutable_type()->mutable_tensor_type();
    type.set_elem_type(static_cast<int32_t>(outputs[i].type()));
    type.mutable_shape();
    for (const int64_t size : outputs[i].shape()) type.mutable_shape()->add_dim()->set_dim_value(size);
  }
}

void expectValid(const Graph& graph) {
  auto model = graph.clone().release();
  // The checker wants types of the outputs, which these texts leave out.
  onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                     onnx::ShapeInferenceOptions(false, 0, true));
  EXPECT_NO_THROW(onnx::checker::check_model(model, /*full_check=*/true)) << dump(graph);
}

/// A model, the opset it is written for, and a name for messages.
struct Case {
  const char* name;
  int opset;
  const char* text;
};

class Upgrade : public ::testing::TestWithParam<std::tuple<Case, int>> {};

TEST_P(Upgrade, KeepsWhatTheModelComputes) {
  const auto& [test, target] = GetParam();
  Graph graph = parseGraph(test.text, test.opset);
  const NamedTensors inputs = makeInputs(graph);
  const std::vector<Tensor> before = run(graph, inputs);
  declareOutputs(graph, before);

  upgradeOpset(graph, target);

  EXPECT_EQ(graph.opset(), std::max(target, test.opset));
  graph.verify();
  graph.inferShapes();
  expectValid(graph);
  const std::vector<Tensor> after = run(graph, inputs);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    ASSERT_EQ(before[i].type(), after[i].type());
    ASSERT_EQ(before[i].shape(), after[i].shape()) << dump(graph);
    EXPECT_EQ(std::memcmp(before[i].bytes(), after[i].bytes(), before[i].byteSize()), 0) << dump(graph);
  }
}

const Case kCases[] = {
    {"Slice", 9, "g (float[4,6] x) => (y) { y = Slice <axes = [1, 0], starts = [1, -3], ends = [5, 4]> (x) }"},
    {"SliceWithoutAxes", 9, "g (float[4,6] x) => (y) { y = Slice <starts = [1, 2], ends = [3, 99]> (x) }"},
    {"Squeeze", 9, "g (float[1,3,1] x) => (y, z) { y = Squeeze <axes = [0]> (x)  z = Squeeze(x) }"},
    {"SqueezeNegative", 11, "g (float[1,3,1] x) => (y) { y = Squeeze <axes = [-1]> (x) }"},
    {"Unsqueeze", 9, "g (float[3] x) => (y) { y = Unsqueeze <axes = [0, 2]> (x) }"},
    {"PadConstant", 9, "g (float[2,3] x) => (y) { y = Pad <pads = [0, 1, 2, 0], value = 1.5> (x) }"},
    {"PadDefaults", 9, "g (float[2,3] x) => (y) { y = Pad <pads = [0, 1, 2, 0]> (x) }"},
    {"PadReflectWithValue", 9,
     "g (float[2,3] x) => (y) { y = Pad <mode = \"reflect\", pads = [0, 1, 0, 1], value = 0.5> (x) }"},
    {"PadEdge", 9, "g (float[2,3] x) => (y) { y = Pad <mode = \"edge\", pads = [0, 1, 1, 0]> (x) }"},
    {"PadFloat16", 9, "g (float16[2,3] x) => (y) { y = Pad <pads = [0, 1, 2, 0], value = 1.5> (x) }"},
    {"Clip", 9, "g (float[2,3] x) => (y) { y = Clip <min = -0.5, max = 0.5> (x) }"},
    {"ClipMaxOnly", 9, "g (float[2,3] x) => (y) { y = Clip <max = 0.5> (x) }"},
    {"ClipMinOnly", 9, "g (float[2,3] x) => (y) { y = Clip <min = -0.5> (x) }"},
    {"ClipNothing", 9, "g (float[2,3] x) => (y) { y = Clip(x) }"},
    {"ClipFloat16", 9, "g (float16[2,3] x) => (y) { y = Clip <min = -0.5, max = 0.5> (x) }"},
    {"SoftmaxLastAxis", 9, "g (float[2,3] x) => (y) { y = Softmax(x) }"},
    {"SoftmaxOverSeveralAxes", 9, "g (float[2,3,4] x) => (y) { a = Softmax(x)  y = Neg(a) }"},
    {"SoftmaxOverSeveralAxesAsOutput", 9, "g (float[2,3,4] x) => (y) { y = Softmax <axis = 1> (x) }"},
    {"SoftmaxOverAll", 12, "g (float[2,3,4] x) => (y) { y = Softmax <axis = -3> (x) }"},
    {"SoftmaxBeforeOnes", 9, "g (float[2,3,1,1] x) => (y) { y = Softmax <axis = 1> (x) }"},
    {"LogSoftmax", 9, "g (float[2,3,4] x) => (y) { y = LogSoftmax <axis = 1> (x) }"},
    {"Hardmax", 9, "g (float[2,3,4] x) => (y) { y = Hardmax <axis = 1> (x) }"},
    {"ReduceSum", 9, "g (float[2,3,4] x) => (y, z) { y = ReduceSum <axes = [1], keepdims = 0> (x)  z = ReduceSum(x) }"},
    {"ReduceMean", 9, "g (float[2,3,4] x) => (y, z) { y = ReduceMean <axes = [1, 2]> (x)  z = ReduceMean(x) }"},
    {"ReduceMax", 11, "g (float[2,3,4] x) => (y) { y = ReduceMax <axes = [-1]> (x) }"},
    {"ReduceL2", 9, "g (float[2,3,4] x) => (y) { y = ReduceL2 <axes = [0]> (x) }"},
    {"Split", 9, "g (float[6] x) => (y, z) { y, z = Split <axis = 0, split = [2, 4]> (x) }"},
    {"SplitEvenly", 9, "g (float[6] x) => (y, z) { y, z = Split <axis = 0> (x) }"},
    {"Dropout", 9, "g (float[2,3] x) => (y) { y = Dropout <ratio = 0.3> (x) }"},
    {"DropoutWithUnusedMask", 9, "g (float[2,3] x) => (y) { y, mask = Dropout <ratio = 0.3> (x) }"},
    {"UpsampleNearest", 9,
     "g (float[1,1,2,3] x) => (y) <float[4] s = {1, 1, 2, 3}> { y = Upsample <mode = \"nearest\"> (x, s) }"},
    {"UpsampleLinear", 9,
     "g (float[1,1,2,3] x) => (y) <float[4] s = {1, 1, 2, 3}> { y = Upsample <mode = \"linear\"> (x, s) }"},
    {"ResizeEnlarging", 10,
     "g (float[1,1,2,3] x) => (y) <float[4] s = {1, 1, 2, 1.5}> { y = Resize <mode = \"nearest\"> (x, s) }"},
    {"ResizeShrinking", 10,
     "g (float[1,1,5,4] x) => (y) <float[4] s = {1, 1, 0.6, 0.6}> { y = Resize <mode = \"nearest\"> (x, s) }"},
    {"ResizeLinear", 10,
     "g (float[1,1,4,4] x) => (y) <float[4] s = {1, 1, 2, 0.5}> { y = Resize <mode = \"linear\"> (x, s) }"},
    {"ResizeWithConstantNode", 10, R"(g (float[1,1,5,4] x) => (y) {
       s = Constant <value = float[4] {1, 1, 0.6, 0.6}> ()
       y = Resize <mode = "nearest"> (x, s)
     })"},
    {"BatchNormalization", 9, R"(g (float[1,2,3] x) => (y)
       <float[2] s = {1, 2}, float[2] b = {3, 4}, float[2] m = {0.5, 0.25}, float[2] v = {1, 4}>
       { y = BatchNormalization(x, s, b, m, v) })"},
    {"TopK", 9, "g (float[3,5] x) => (y, i) { y, i = TopK <k = 2, axis = 1> (x) }"},
    {"Scatter", 9, R"(g (float[2,3] x, float[1,3] u) => (y) <int64[1,3] i = {1, 0, 1}> {
       y = Scatter <axis = 0> (x, i, u)
     })"},
    {"Gemm", 9, "g (float[2,3] a, float[3,4] b, float[4] c) => (y) { y = Gemm(a, b, c) }"},
    {"Conv", 9, "g (float[1,2,5,5] x, float[3,2,3,3] w) => (y) { y = Conv <pads = [1,1,1,1]> (x, w) }"},
    {"MaxPool", 9, "g (float[1,2,5,5] x) => (y) { y = MaxPool <kernel_shape = [2,2], strides = [2,2]> (x) }"},
    {"Arithmetic", 9,
     "g (float[2,3] x, float[3] z) => (y) { a = Add(x, z) b = Mul(a, x) c = Div(b, z) y = Sub(c, x) }"},
    {"Flatten", 9, "g (float[2,3,4] x) => (y) { y = Flatten <axis = 2> (x) }"},
    {"ReshapeConcatGather", 9, R"(g (float[2,3,4] x) => (y) <int64[1] i = {0}, int64[1] rest = {-1}> {
       s = Shape(x)  n = Gather(s, i)  t = Concat <axis = 0> (n, rest)  y = Reshape(x, t)
     })"},
    {"ChainOfMany", 9, R"(g (float[2,3,4] x) => (y) {
       a = Unsqueeze <axes = [0]> (x)
       b = Slice <starts = [1], ends = [3], axes = [3]> (a)
       c = Squeeze <axes = [0]> (b)
       d = Softmax <axis = 1> (c)
       e = Pad <pads = [0, 0, 1, 0, 0, 1]> (d)
       f = Clip <min = 0.01, max = 0.2> (e)
       y = ReduceSum <axes = [2]> (f)
     })"},
};

std::string nameOf(const ::testing::TestParamInfo<Upgrade::ParamType>& info) {
  return fmt::format("{}From{}To{}", std::get<0>(info.param).name, std::get<0>(info.param).opset,
                     std::get<1>(info.param));
}

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

INSTANTIATE_TEST_SUITE_P(Operators, Upgrade,
                         ::testing::Combine(::testing::ValuesIn(kCases), ::testing::Values(13, 17, 21, 28)), nameOf);

// --- what else must survive ---------------------------------------------------------------------------------------

TEST(UpgradeOpset, LeavesNodesThatDoNotChangeUntouched) {
  auto model = parseModel(R"(g (float[1,2,5,5] x, float[3,2,3,3] w) => (y) {
      [c] a = Conv <pads = [1,1,1,1]> (x, w)
      [m] b = com.microsoft.Gelu <secret = 3> (a)
      [s] y = Slice <starts = [0], ends = [1]> (b)
    })",
                          9);
  auto& conv = *model.mutable_graph()->mutable_node(0);
  conv.set_doc_string("keep me");
  conv.GetReflection()->MutableUnknownFields(&conv)->AddVarint(12345, 1);
  const onnx::NodeProto old_conv = conv, old_gelu = model.graph().node(1);
  Graph graph(std::move(model));
  upgradeOpset(graph, 13);
  EXPECT_TRUE(MessageDifferencer::Equals(graph.producer("a")->proto(), old_conv));
  EXPECT_TRUE(MessageDifferencer::Equals(graph.producer("b")->proto(), old_gelu));
  EXPECT_EQ(graph.producer("y")->inputCount(), 3);
}

TEST(UpgradeOpset, ChangedNodesKeepTheirNamesDocumentationAndPlace) {
  auto model = parseModel(R"(g (float[1,1,2,3] x) => (y) <float[4] s = {1, 1, 2, 3}> {
      [before] a = Neg(x)
      [up] b = Upsample <mode = "nearest"> (a, s)
      [after] y = Abs(b)
    })",
                          9);
  model.mutable_graph()->mutable_node(1)->set_doc_string("doc");
  Graph graph(std::move(model));
  upgradeOpset(graph, 13);
  EXPECT_THAT(opTypes(graph), ElementsAre("Neg", "Resize", "Abs"));
  EXPECT_EQ(graph.producer("b")->name(), "up");
  EXPECT_EQ(graph.producer("b")->proto().doc_string(), "doc");
}

TEST(UpgradeOpset, NewConstantsAreInitializersNamedAfterNodeAndInput) {
  Graph graph = parseGraph(R"(g (float[4,6] x) => (y) {
      [cut] a = Slice <axes = [1], starts = [1], ends = [5]> (x)
      y = Clip <max = 0.5> (a)
    })",
                           9);
  upgradeOpset(graph, 13);
  EXPECT_THAT(graph.constants(), ElementsAre("cut_starts", "cut_ends", "cut_axes", "y_min", "y_max"));
  EXPECT_THAT(opTypes(graph), ElementsAre("Slice", "Clip"));
}

TEST(UpgradeOpset, NewNamesAvoidThoseInUseEvenInSubgraphs) {
  Graph graph = parseGraph(R"(g (bool c, float[3] x) => (y, z) <float[1] cut_ends = {1}> {
      [cut] y = Slice <axes = [0], starts = [1], ends = [2]> (x)
      z = If(c) <then_branch = t () => (float[3] cut_starts) { cut_starts = Neg(x) },
                 else_branch = e () => (float[3] q) { q = Add(x, cut_ends) }>
    })",
                           9);
  upgradeOpset(graph, 13);
  EXPECT_EQ(graph.producer("y")->input(1), "cut_starts_1");
  EXPECT_EQ(graph.producer("y")->input(2), "cut_ends_1");
  expectValid(graph);
}

TEST(UpgradeOpset, KeepsTheModelAroundTheGraph) {
  auto model = parseModel("g (float[4,6] x) => (y) { y = Slice <starts = [1], ends = [3]> (x) }", 9);
  model.set_producer_name("somebody");
  model.mutable_graph()->set_doc_string("graph");
  auto& entry = *model.add_metadata_props();
  entry.set_key("k");
  entry.set_value("v");
  model.GetReflection()->MutableUnknownFields(&model)->AddVarint(9999, 7);
  onnx::ModelProto expected = model;
  Graph graph(std::move(model));
  upgradeOpset(graph, 13);
  auto upgraded = std::move(graph).release();
  EXPECT_EQ(upgraded.opset_import(0).version(), 13);
  EXPECT_EQ(upgraded.opset_import(1).domain(), "com.microsoft");
  for (auto* each : {&expected, &upgraded}) {
    each->mutable_graph()->clear_node();
    each->mutable_graph()->clear_initializer();
    each->clear_opset_import();
  }
  EXPECT_TRUE(MessageDifferencer::Equals(expected, upgraded));
}

TEST(UpgradeOpset, DoesNothingToANewerModel) {
  Graph graph = parseGraph("g (float[4,6] x) => (y) { y = Relu(x) }", 17);
  graph.rest().set_ir_version(8);
  upgradeOpset(graph, 13);
  EXPECT_EQ(graph.opset(), 17);
  EXPECT_EQ(graph.rest().ir_version(), 8);
}

TEST(UpgradeOpset, GivesAnOpsetToAModelWithoutOnnxsOperators) {
  auto model = parseModel("g (float[4] x) => (y) { y = com.microsoft.Gelu(x) }");
  model.mutable_opset_import()->DeleteSubrange(0, 1);
  Graph graph(std::move(model));
  upgradeOpset(graph, 13);
  EXPECT_EQ(graph.opset(), 13);
}

TEST(UpgradeOpset, RaisesTheFormatVersionToTheOpset) {
  auto model = parseModel("g (float[4] x) => (y) { y = Relu(x) }", 9);
  model.set_ir_version(4);
  Graph graph(std::move(model));
  upgradeOpset(graph, 13);
  EXPECT_EQ(graph.rest().ir_version(), 7);
  upgradeOpset(graph, 21);
  EXPECT_EQ(graph.rest().ir_version(), 10);
}

TEST(UpgradeOpset, ConstantsOfOldFormatsStayConstants) {
  auto model = parseModel("g (float[2] x, float[2] w) => (y) <float[2] w = {1, 2}> { y = Add(x, w) }", 9);
  model.set_ir_version(3);
  Graph graph(std::move(model));
  upgradeOpset(graph, 13);
  const auto upgraded = std::move(graph).release();
  ASSERT_EQ(upgraded.graph().input_size(), 1);
  EXPECT_EQ(upgraded.graph().input(0).name(), "x");
}

TEST(UpgradeOpset, IrVersionsAreThoseOfOnnxsReleases) {
  EXPECT_EQ(irVersionFor(8), 3);
  EXPECT_EQ(irVersionFor(9), 4);
  EXPECT_EQ(irVersionFor(13), 7);
  EXPECT_EQ(irVersionFor(18), 8);
  EXPECT_EQ(irVersionFor(20), 9);
  EXPECT_EQ(irVersionFor(22), 10);
  EXPECT_EQ(irVersionFor(26), 13);
  EXPECT_EQ(irVersionFor(28), 14);
}

TEST(UpgradeOpset, KeepsSoftmaxAsOneNodeWhereTheAxesBehindHaveSizeOne) {
  Graph graph = parseGraph("g (float[N,10,1,1] x) => (y) { y = Softmax(x) }", 9);
  upgradeOpset(graph, 13);
  EXPECT_THAT(opTypes(graph), ElementsAre("Softmax"));
  EXPECT_EQ(graph.producer("y")->attr("axis", int64_t{0}), 1);
}

TEST(UpgradeOpset, WidensSoftmaxOverSeveralAxes) {
  Graph graph = parseGraph("g (float[2,3,4] x) => (y) { [sm] y = Softmax(x) }", 9);
  upgradeOpset(graph, 13);
  EXPECT_THAT(opTypes(graph), ElementsAre("Shape", "Flatten", "Softmax", "Reshape"));
  EXPECT_EQ(graph.producer("y")->name(), "sm_Reshape");
}

TEST(UpgradeOpset, ResizeKeepsItsOldCoordinates) {
  Graph graph = parseGraph(
      "g (float[1,1,2,2] x) => (y) <float[4] s = {1, 1, 0.5, 0.5}> { y = Resize <mode = \"nearest\"> (x, s) }", 10);
  upgradeOpset(graph, 13);
  const Node& resize = *graph.producer("y");
  EXPECT_EQ(resize.attr("coordinate_transformation_mode", ""), "asymmetric");
  EXPECT_EQ(resize.attr("nearest_mode", ""), "ceil");
  EXPECT_FALSE(resize.hasInput(1));
  EXPECT_EQ(resize.input(2), "s");
}

TEST(UpgradeOpset, PutsNewConstantsOfASubgraphIntoIt) {
  Graph graph = parseGraph(R"(g (bool c, float16[2,3] x) => (y) {
      y = If(c) <then_branch = t () => (float16[2,3] p) { [low] p = Clip <max = 0.5> (x) },
                 else_branch = e () => (float16[2,3] q) { q = Neg(x) }>
    })",
                           9);
  upgradeOpset(graph, 13);
  const auto& body = graph.producer("y")->findAttr("then_branch")->g();
  ASSERT_EQ(body.initializer_size(), 2);
  EXPECT_EQ(body.initializer(1).name(), "low_max");
  EXPECT_EQ(body.initializer(1).data_type(), onnx::TensorProto::FLOAT16);
  EXPECT_THAT(body.node(0).input(), ElementsAre("x", "low_min", "low_max"));
  EXPECT_TRUE(graph.constants().empty());
  expectValid(graph);
}

TEST(UpgradeOpset, RaisesSubgraphsOfSubgraphs) {
  Graph graph = parseGraph(R"(g (bool c, float[2,3] x) => (y) {
      y = If(c) <
        then_branch = t () => (float[1,2,3] p) {
          p = If(c) <then_branch = u () => (float[1,2,3] r) { r = Unsqueeze <axes = [0]> (x) },
                     else_branch = v () => (float[1,2,3] s) { s = Unsqueeze <axes = [0]> (x) }>
        },
        else_branch = e () => (float[1,2,3] q) { q = Unsqueeze <axes = [0]> (x) }>
    })",
                           11);
  upgradeOpset(graph, 13);
  expectValid(graph);
}

TEST(UpgradeOpset, RaisesLoopBodies) {
  Graph graph = parseGraph(R"(g (int64 n, bool c, float[3] x) => (float[3] y) {
      y = Loop(n, c, x) <body = b (int64 i, bool go, float[3] v) => (bool again, float[3] w) {
          again = Identity(go)
          w = Clip <min = 0.0> (v)
      }>
    })",
                           9);
  upgradeOpset(graph, 13);
  expectValid(graph);
}

TEST(UpgradeOpset, RaisesFunctionsWithTheModel) {
  onnx::ModelProto model;
  const auto status = onnx::OnnxParser::Parse(model, R"(
    <ir_version: 8, opset_import: ["": 11, "local": 1]>
    g (float[2,3] x) => (y) { y = local.Middle(x) }
    <domain: "local", opset_import: ["": 11]>
    Middle (x) => (y) { a = Unsqueeze <axes = [0]> (x)  y = ReduceSum <axes = [1]> (a) }
  )");
  ASSERT_TRUE(status.IsOK()) << status.ErrorMessage();
  Graph graph(std::move(model));
  upgradeOpset(graph, 13);
  const auto& function = graph.rest().functions(0);
  EXPECT_EQ(function.opset_import(0).version(), 13);
  ASSERT_EQ(function.node_size(), 4);
  EXPECT_EQ(function.node(0).op_type(), "Constant");
  EXPECT_EQ(function.node(1).op_type(), "Unsqueeze");
  expectValid(graph);
}

template <class Action>
std::string refusalOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUnsupported);
    return error.what();
  }
  return "no error";
}

TEST(UpgradeOpset, AFunctionWhoseChangedAttributeComesFromItsCallerIsRefused) {
  onnx::ModelProto model;
  const auto status = onnx::OnnxParser::Parse(model, R"(
    <ir_version: 8, opset_import: ["": 11, "local": 1]>
    g (float[2,3] x) => (y) { y = local.Middle <axes = [0]> (x) }
    <domain: "local", opset_import: ["": 11]>
    Middle <axes> (x) => (y) { [un] y = Unsqueeze <axes: ints = @axes> (x) }
  )");
  ASSERT_TRUE(status.IsOK()) << status.ErrorMessage();
  Graph graph(std::move(model));
  EXPECT_EQ(
      refusalOf([&] { upgradeOpset(graph, 13); }),
      "node 'un' (Unsqueeze) cannot be raised from opset 11 to 13: its attribute 'axes' comes from the caller of a "
      "function");
}

TEST(UpgradeOpset, MixedScalesOfNearestResizeAreRefused) {
  Graph graph = parseGraph(
      "g (float[1,1,2,2] x) => (y) <float[4] s = {1, 1, 2, 0.5}> { [r] y = Resize <mode = \"nearest\"> (x, s) }", 10);
  EXPECT_EQ(
      refusalOf([&] { upgradeOpset(graph, 13); }),
      "node 'r' (Resize) cannot be raised from opset 10 to 13: it shrinks one axis and enlarges another with mode "
      "'nearest'");
}

TEST(UpgradeOpset, AnOpsetOfTheFutureIsRefused) {
  Graph graph = parseGraph("g (float[1] x) => (y) { y = Relu(x) }");
  EXPECT_THAT(refusalOf([&] { upgradeOpset(graph, 99); }), HasSubstr("opset 99 was asked for"));
}

}  // namespace
}  // namespace quant
