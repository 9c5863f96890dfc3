#include "app/inspection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/layer_precision.h"
#include "core/error.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::HasSubstr;

// 2 x 1 x 2 x 2 weights on a 3 x 3 picture: 2 * 2 * 2 results of 4 products.
constexpr const char* kConv = R"(g (float[N,1,3,3] x) => (float[N,2,2,2] y)
  <float[2,1,2,2] w = {1, 2, 3, 4, 5, 6, 7, 8}, float[2] b = {1, 2}, int64[1] shape = {4}> {
    [conv] c = Conv(x, w, b)
    [relu] y = Relu(c)
  })";

TEST(Inspection, CountsMacsParametersAndOperators) {
  const Inspection found = inspect(test::parseGraph(kConv, 13), {});
  EXPECT_EQ(found.opset, 13);
  EXPECT_EQ(found.operators, (std::map<std::string, int>{{"Conv", 1}, {"Relu", 1}}));
  ASSERT_EQ(found.layers.size(), 1);
  EXPECT_EQ(found.layers[0].node, "conv");
  EXPECT_EQ(found.layers[0].parameters, 10);
  EXPECT_EQ(found.layers[0].macs, 32);
  EXPECT_EQ(found.layers[0].precision, "float");
  EXPECT_EQ(found.layers[0].weights, (Shape{2, 1, 2, 2}));
  EXPECT_EQ(found.parameters, 10);
}

TEST(Inspection, ASizeThatOnlyARunCanTellCountsAsOneUnlessItIsGiven) {
  const Graph graph = test::parseGraph(kConv, 13);
  EXPECT_EQ(inspect(graph, {}).sizes, (std::map<std::string, int64_t>{{"N", 1}}));
  const Inspection found = inspect(graph, {{"N", 3}});
  EXPECT_EQ(found.layers[0].macs, 96);
  EXPECT_EQ(found.sizes.at("N"), 3);
}

TEST(Inspection, AnUnknownSizeIsRefusedWithThoseThereAre) {
  try {
    inspect(test::parseGraph(kConv, 13), {{"batch", 3}});
    FAIL() << "the size was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_STREQ(error.what(), "no input has a size 'batch' that only a run can tell; such sizes: N");
  }
}

TEST(Inspection, ConstantsAreCountedByTypeAndOnlyWeightsAreParameters) {
  const Inspection found = inspect(test::parseGraph(kConv, 13), {});
  EXPECT_EQ(found.constants.at(DataType::kFloat32).count, 2);
  EXPECT_EQ(found.constants.at(DataType::kFloat32).bytes, 40);
  EXPECT_EQ(found.constants.at(DataType::kInt64).elements, 1);
}

/// The precision of the node `name` in a graph text.
std::string precisionOf(const char* text, const std::string& name) {
  for (const LayerInfo& layer : inspect(test::parseGraph(text, 13), {}).layers) {
    if (layer.node == name) return layer.precision;
  }
  return "not found";
}

TEST(LayerPrecision, IsInt8BetweenDequantizedOperands) {
  EXPECT_EQ(precisionOf(R"(g (float[1,2] x) => (float[1,2] y)
      <float s = {1}, uint8 z = {0}, int8 wz = {0}, int8[2,2] w = {1, 2, 3, 4}> {
        xq = QuantizeLinear(x, s, z)
        xd = DequantizeLinear(xq, s, z)
        wd = DequantizeLinear(w, s, wz)
        [m] y = MatMul(xd, wd)
      })",
                        "m"),
            "int8");
}

TEST(LayerPrecision, SmallWeightsBesideFloatsAreWeightsOnly) {
  EXPECT_EQ(precisionOf(R"(g (float[1,2] x) => (float[1,2] y)
      <float s = {1}, int8 wz = {0}, int8[2,2] w = {1, 2, 3, 4}> {
        wd = DequantizeLinear(w, s, wz)
        [m] y = MatMul(x, wd)
      })",
                        "m"),
            "int8 weights");
}

TEST(LayerPrecision, IntegersMadeWhileRunningAreDynamic) {
  EXPECT_EQ(precisionOf(R"(g (float[1,2] x) => (int32[1,2] y) <int8[2,2] w = {1, 2, 3, 4}, int8 wz = {0}> {
        xq, xs, xz = DynamicQuantizeLinear(x)
        [m] y = MatMulInteger(xq, w, xz, wz)
      })",
                        "m"),
            "int8, dynamic");
}

TEST(LayerPrecision, IsTheTypeOfFloatOperands) {
  EXPECT_EQ(precisionOf(R"(g (float16[1,2] x, float16[2,2] w) => (float16[1,2] y) { [m] y = MatMul(x, w) })", "m"),
            "float16");
}

TEST(InspectionText, FitsTheLargestLayersAndSaysHowManyThereAre) {
  Inspection found = inspect(test::parseGraph(kConv, 13), {});
  EXPECT_EQ(inspectionText(found, 12),
            "  opset      13, IR 8\n"
            "  inputs     x  float [N, 1, 3, 3]\n"
            "  outputs    y  float [N, 2, 2, 2]\n"
            "  operators  2 nodes: 1 Conv, 1 Relu\n"
            "  parameters 10\n"
            "  constants  40 B float (2), 8 B int64 (1)\n"
            "  MACs       32: 100.0 % float; with N = 1\n"
            "  quantized  nothing\n"
            "\n"
            "  node  op    weights        parameters       MACs    share  precision\n"
            "  conv  Conv  2 x 1 x 2 x 2          10         32  100.0 %  float\n");
  found.layers.push_back(found.layers[0]);
  EXPECT_THAT(inspectionText(found, 1), HasSubstr("... 1 of 2 layers, by MACs; --all shows every one\n"));
}

TEST(InspectionJson, HoldsEveryLayer) {
  const auto json = nlohmann::json::parse(inspectionJson(inspect(test::parseGraph(kConv, 13), {}), "a.onnx", 123));
  EXPECT_EQ(json["model"]["bytes"], 123);
  EXPECT_EQ(json["inputs"][0]["shape"], nlohmann::json({"N", 1, 3, 3}));
  EXPECT_EQ(json["layers"][0]["macs"], 32);
  EXPECT_EQ(json["macs"], 32);
}

}  // namespace
}  // namespace quant
