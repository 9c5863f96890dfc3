// Whole networks that ONNX ships with every weight set to one number, and the output that each must give.

#include <gtest/gtest.h>

#include "runtime/backend.h"
#include "runtime/executor.h"
#include "support/onnx_case.h"

namespace quant::test {
namespace {

/// 0, 1/n, 2/n, ...: the picture that the expected outputs were computed from.
Tensor ramp(const Shape& shape) {
  Tensor tensor(DataType::kFloat32, shape);
  const auto data = tensor.data<float>();
  for (size_t i = 0; i < data.size(); ++i) {
    data[i] = static_cast<float>(static_cast<double>(i) / static_cast<double>(data.size()));
  }
  return tensor;
}

/// The inputs that are not initializers.
NamedTensors rampsFor(const Graph& graph) {
  NamedTensors inputs;
  for (const auto& name : graph.inputs()) inputs.emplace(name, ramp(graph.valueType(name)->shape.value()));
  return inputs;
}

class OnnxLightModel : public testing::TestWithParam<std::tuple<Backend, const char*>> {};

TEST_P(OnnxLightModel, GivesTheOutputThatOnnxShips) {
  const auto& [backend, name] = GetParam();
  const std::filesystem::path folder = std::filesystem::path(QUANTIZE_ONNX_TEST_DATA) / "light";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "scripts/setup has not put ONNX's test data at " << folder;
  const std::string base = std::string("light_") + name;
  const Graph graph(readMessage<onnx::ModelProto>(folder / (base + ".onnx")));
  Executor executor(graph, {.backend = backend, .watched = {}, .fuse = true});
  const auto actual = executor.run(rampsFor(graph));
  const auto expected = tensorsIn(folder, base + "_output");
  ASSERT_EQ(expected.size(), 1U);
  ASSERT_EQ(actual.size(), 1U);
  EXPECT_EQ(differenceOf(actual[0], expected[0]), std::nullopt);
}

std::string testName(const testing::TestParamInfo<std::tuple<Backend, const char*>>& info) {
  return fmt::format("{}_{}", std::get<1>(info.param), toString(std::get<0>(info.param)));
}

INSTANTIATE_TEST_SUITE_P(Networks, OnnxLightModel,
                         testing::Combine(testing::Values(Backend::kReference, Backend::kOneDnn),
                                          testing::Values("bvlc_alexnet", "densenet121", "inception_v1", "inception_v2",
                                                          "resnet50", "shufflenet", "squeezenet", "vgg19", "zfnet512")),
                         testName);

}  // namespace
}  // namespace quant::test
