// Operators that onnxruntime adds to ONNX, against what onnxruntime gave (tests/data/contributed, made by make.py
// there), on every backend.
#include <gtest/gtest.h>

#include "runtime/backend.h"
#include "runtime/executor.h"
#include "support/onnx_case.h"

namespace quant::test {
namespace {

std::vector<OnnxCase> contributedCases() {
  return casesIn(std::filesystem::path(QUANTIZE_SOURCE_DIR) / "tests/data/contributed");
}

class ContributedOperators : public testing::TestWithParam<Backend> {};

TEST_P(ContributedOperators, GiveWhatOnnxruntimeGives) {
  for (const OnnxCase& test : contributedCases()) {
    const onnx::ModelProto model = modelOf(test);
    Executor executor(Graph(model), {.backend = GetParam(), .watched = {}, .fuse = true});
    NamedTensors inputs;
    auto given = tensorsIn(test.folder / "test_data_set_0", "input");
    for (size_t i = 0; i < given.size(); ++i) {
      inputs.emplace(model.graph().input(static_cast<int>(i)).name(), std::move(given[i]));
    }
    const auto actual = executor.run(inputs);
    const auto expected = tensorsIn(test.folder / "test_data_set_0", "output");
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto difference = differenceOf(actual[i], expected[i], {.relative = 1e-4, .absolute = 1e-5});
      EXPECT_FALSE(difference) << test.name << ", output " << i << ": " << *difference;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ContributedOperators, testing::Values(Backend::kReference, Backend::kOneDnn),
                         [](const auto& test) { return std::string(toString(test.param)); });

}  // namespace
}  // namespace quant::test
