// ONNX's own test models, raised to newer opsets, must still give the outputs that stand beside them.

#include <gtest/gtest.h>

#include "core/error.h"
#include "onnx_io/load.h"
#include "onnx_io/upgrade.h"
#include "runtime/backend.h"
#include "runtime/executor.h"
#include "support/onnx_case.h"

namespace quant::test {
namespace {

/// What is wrong with the outputs of a raised model, or nothing.
std::optional<std::string> runRaised(const OnnxCase& test, int64_t opset) {
  Graph graph = load(test.folder / "model.onnx");
  upgradeOpset(graph, opset);
  graph.inferShapes();
  const auto inputs = graph.inputs();
  Executor executor(graph, {.backend = Backend::kReference, .watched = {}, .fuse = false});
  for (const auto& data_set : dataSetsOf(test)) {
    NamedTensors given;
    auto tensors = tensorsIn(data_set, "input");
    for (size_t i = 0; i < tensors.size() && i < inputs.size(); ++i) given.emplace(inputs[i], std::move(tensors[i]));
    const auto expected = tensorsIn(data_set, "output");
    const auto actual = executor.run(given);
    if (actual.size() != expected.size()) return "another number of outputs";
    for (size_t i = 0; i < expected.size(); ++i) {
      if (auto difference = differenceOf(actual[i], expected[i], toleranceFor(test))) return difference;
    }
  }
  return std::nullopt;
}

/// Not counted against us: what neither the old nor the new model can be run for, and what draws at random.
bool canRun(const OnnxCase& test, const KernelRegistry& registry) {
  const bool is_random = test.name.starts_with("test_training_dropout") || test.name.starts_with("test_bernoulli");
  return !is_random && !reasonToSkip(modelOf(test), registry);
}

class RaisedModels : public ::testing::TestWithParam<std::tuple<const char*, int>> {};

TEST_P(RaisedModels, StillGiveTheirOutputs) {
  const auto& [suite, opset] = GetParam();
  const std::filesystem::path folder = std::filesystem::path(QUANTIZE_ONNX_TEST_DATA) / suite;
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "ONNX's test data are not installed";
  const KernelRegistry registry = kernelsOf(Backend::kReference);
  int passed = 0, refused = 0;
  for (const OnnxCase& test : casesIn(folder)) {
    if (!canRun(test, registry) || opsetOf(modelOf(test), "") >= opset) continue;
    try {
      const auto difference = runRaised(test, opset);
      EXPECT_FALSE(difference) << test.name << ": " << difference.value_or("");
      passed += difference ? 0 : 1;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUnsupported) << test.name << ": " << error.what();
      std::cout << test.name << ": " << error.what() << '\n';
      ++refused;
    }
  }
  std::cout << passed << " passed, " << refused << " cannot be raised\n";
  EXPECT_GT(passed, 30);
  EXPECT_EQ(refused, 0);
}

TEST(ModelsOfOnnx, DoNotContradictThemselves) {
  const std::filesystem::path folder = std::filesystem::path(QUANTIZE_ONNX_TEST_DATA) / "node";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "ONNX's test data are not installed";
  int inferred = 0;
  for (const OnnxCase& test : casesIn(folder)) {
    if (test.name.starts_with("test_sequence_map")) continue;  // ONNX itself finds a Loop over sequences contradictory
    try {
      Graph graph = load(test.folder / "model.onnx");
      graph.inferShapes();
      ++inferred;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUnsupported) << test.name << ": " << error.what();
    }
  }
  EXPECT_GT(inferred, 1700);
}

INSTANTIATE_TEST_SUITE_P(Onnx, RaisedModels,
                         ::testing::Combine(::testing::Values("pytorch-converted", "pytorch-operator", "node"),
                                            ::testing::Values(13, 17, 21, 28)),
                         [](const auto& parameters) {
                           std::string name = std::get<0>(parameters.param);
                           std::ranges::replace(name, '-', '_');
                           return name + "_to_" + std::to_string(std::get<1>(parameters.param));
                         });

}  // namespace
}  // namespace quant::test
