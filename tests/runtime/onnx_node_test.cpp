// Runs the test data that ONNX ships, on both backends: every case whose operators are registered must give the outputs
// that stand beside it.

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <set>

#include "runtime/backend.h"
#include "runtime/executor.h"
#include "support/onnx_case.h"

namespace quant::test {
namespace {

/// The operators that this program promises to run.
const std::set<std::string> kPromised = {
    // convolutions and matrix products
    "Conv", "ConvTranspose", "Gemm", "MatMul", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger",
    // pooling and normalization
    "AveragePool", "MaxPool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "BatchNormalization",
    "LRN", "InstanceNormalization", "Softmax", "LogSoftmax", "Hardmax",
    // elementwise
    "Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Celu", "Clip", "Cos", "Cosh", "Elu", "Erf",
    "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish", "IsInf", "IsNaN", "LeakyRelu", "Log", "Mish", "Neg", "Not",
    "PRelu", "Reciprocal", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign",
    "Sqrt", "Tan", "Tanh", "ThresholdedRelu", "Add", "And", "Div", "Equal", "Greater", "GreaterOrEqual", "Less",
    "LessOrEqual", "Max", "Mean", "Min", "Mod", "Mul", "Or", "Pow", "Sub", "Sum", "Where", "Xor",
    // reductions
    "ArgMax", "ArgMin", "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean",
    "ReduceMin", "ReduceProd", "ReduceSum", "ReduceSumSquare", "TopK",
    // data movement
    "Cast", "Concat", "Constant", "ConstantOfShape", "DepthToSpace", "Dropout", "Expand", "Flatten", "Gather",
    "Identity", "Pad", "Range", "Reshape", "Resize", "Shape", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile",
    "Transpose", "Unsqueeze", "Upsample",
    // control flow
    "If", "Loop", "Scan",
    // recurrent networks
    "GRU", "LSTM", "RNN",
    // detection and sound
    "DFT", "MelWeightMatrix", "NonMaxSuppression", "RoiAlign", "STFT",
    // quantization
    "DequantizeLinear", "DynamicQuantizeLinear", "QuantizeLinear"};

/// A folder of cases, and how many must pass, so that none can drop out unseen.
struct Suite {
  const char* folder;
  int least_passed;    ///< of all cases
  int least_promised;  ///< of those in which a promised operator stands
};

void PrintTo(const Suite& suite, std::ostream* out) { *out << suite.folder; }

constexpr Suite kSuites[] = {
    {"node", 1665, 1232}, {"pytorch-converted", 82, 82}, {"pytorch-operator", 35, 35}, {"simple", 7, 7}};

/// Cases that nobody can pass, with the reason. That one fails is no reason.
const std::map<std::string, std::string> kKnownSkips = {
    {"test_bernoulli", "draws at random"},
    {"test_bernoulli_double", "draws at random"},
    {"test_bernoulli_double_expanded", "draws at random"},
    {"test_bernoulli_expanded", "draws at random"},
    {"test_bernoulli_seed", "draws at random"},
    {"test_bernoulli_seed_expanded", "draws at random"},
    {"test_training_dropout", "training mode: drops elements at random"},
    {"test_training_dropout_default", "training mode: drops elements at random"},
    {"test_training_dropout_default_mask", "training mode: drops elements at random"},
    {"test_training_dropout_mask", "training mode: drops elements at random"},
};

struct Tally {
  int passed = 0, failed = 0, skipped = 0;
  std::map<std::string, int> reasons;  // of the skips
};

class Scoreboard {
 public:
  void pass(const std::string& group) { ++rows_[group].passed; }
  void fail(const std::string& group) { ++rows_[group].failed; }
  void skip(const std::string& group, const std::string& reason) {
    ++rows_[group].skipped;
    ++rows_[group].reasons[reason];
  }

  [[nodiscard]] Tally total() const {
    Tally sum;
    for (const auto& [group, row] : rows_) {
      sum.passed += row.passed;
      sum.failed += row.failed;
      sum.skipped += row.skipped;
    }
    return sum;
  }

  void print(const std::string& title) const {
    std::cout << fmt::format("{:<34} {:>6} {:>6} {:>7}\n", title, "passed", "failed", "skipped");
    for (const auto& [group, row] : rows_) {
      std::string reasons;
      for (const auto& [reason, count] : row.reasons) reasons += fmt::format("  {} x {}", count, reason);
      std::cout << fmt::format("{:<34} {:>6} {:>6} {:>7}{}\n", group, row.passed, row.failed, row.skipped, reasons);
    }
    const Tally sum = total();
    std::cout << fmt::format("{:<34} {:>6} {:>6} {:>7}\n", "all", sum.passed, sum.failed, sum.skipped);
  }

 private:
  std::map<std::string, Tally> rows_;
};

/// The operator that a model is about: its only one besides constants, or "several".
std::string mainOperator(const onnx::ModelProto& model) {
  std::set<std::string> types;
  for (const auto& node : model.graph().node()) {
    if (node.op_type() != "Constant" || model.graph().node_size() == 1) types.insert(node.op_type());
  }
  return types.size() == 1 ? *types.begin() : "several operators";
}

/// A row of the table. "_expanded" cases hold the body of the operator's function instead of the operator.
std::string groupOf(const OnnxCase& test, const onnx::ModelProto& model) {
  const auto at = test.name.find("_expanded");
  if (at == std::string::npos) return mainOperator(model);
  const OnnxCase whole{test.name.substr(0, at), test.folder.parent_path() / test.name.substr(0, at)};
  return mainOperator(std::filesystem::exists(whole.folder) ? modelOf(whole) : model) + ", expanded";
}

bool holdsPromisedOperator(const onnx::ModelProto& model) {
  return std::ranges::any_of(model.graph().node(), [](const auto& node) { return kPromised.contains(node.op_type()); });
}

/// What is wrong with the outputs for one data set, or nothing.
std::optional<std::string> runDataSet(Executor& executor, const onnx::GraphProto& graph,
                                      const std::filesystem::path& data_set, Tolerance tolerance) {
  NamedTensors inputs;
  auto given = tensorsIn(data_set, "input");
  for (size_t i = 0; i < given.size(); ++i)
    inputs.emplace(graph.input(static_cast<int>(i)).name(), std::move(given[i]));
  const auto expected = tensorsIn(data_set, "output");
  if (expected.empty()) return "no expected output stands beside the inputs";
  const auto actual = executor.run(inputs);
  if (actual.size() != expected.size()) return fmt::format("{} outputs, expected {}", actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    if (auto difference = differenceOf(actual[i], expected[i], tolerance))
      return fmt::format("output {}: {}", i, *difference);
  }
  return std::nullopt;
}

std::optional<std::string> runCase(const OnnxCase& test, const onnx::ModelProto& model, Backend backend) {
  try {
    Executor executor(Graph(model), {.backend = backend, .watched = {}, .fuse = true});
    const auto data_sets = dataSetsOf(test);
    if (data_sets.empty()) return "no data set stands beside the model";
    for (const auto& data_set : data_sets) {
      if (auto difference = runDataSet(executor, model.graph(), data_set, toleranceFor(test))) return difference;
    }
  } catch (const std::exception& error) {
    return error.what();
  }
  return std::nullopt;
}

class OnnxTestData : public testing::TestWithParam<std::tuple<Backend, Suite>> {};

TEST_P(OnnxTestData, GivesTheOutputsThatOnnxShips) {
  const auto& [backend, suite] = GetParam();
  const std::filesystem::path folder = std::filesystem::path(QUANTIZE_ONNX_TEST_DATA) / suite.folder;
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "scripts/setup has not put ONNX's test data at " << folder;
  const KernelRegistry registry = kernelsOf(backend);
  Scoreboard scores;
  int promised_passed = 0;
  for (const OnnxCase& test : casesIn(folder)) {
    const onnx::ModelProto model = modelOf(test);
    const std::string group = groupOf(test, model);
    const auto known = kKnownSkips.find(test.name);
    if (const auto reason = reasonToSkip(model, registry)) {
      scores.skip(group, *reason);
    } else if (known != kKnownSkips.end()) {
      scores.skip(group, known->second);
    } else if (const auto difference = runCase(test, model, backend)) {
      scores.fail(group);
      ADD_FAILURE() << test.name << ": " << *difference;
    } else {
      scores.pass(group);
      promised_passed += holdsPromisedOperator(model);
    }
  }
  scores.print(fmt::format("{} on {}", suite.folder, toString(backend)));
  std::cout << fmt::format("{} of the passed cases hold an operator that is promised\n", promised_passed);
  EXPECT_GE(scores.total().passed, suite.least_passed);
  EXPECT_GE(promised_passed, suite.least_promised);
}

std::string testName(const testing::TestParamInfo<std::tuple<Backend, Suite>>& info) {
  std::string name = fmt::format("{}_{}", std::get<1>(info.param).folder, toString(std::get<0>(info.param)));
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Suites, OnnxTestData,
                         testing::Combine(testing::Values(Backend::kReference, Backend::kOneDnn),
                                          testing::ValuesIn(kSuites)),
                         testName);

}  // namespace
}  // namespace quant::test
