// Small networks that onnxruntime and NNCF quantized, each in its own way (tests/data/foreign, made by make.py there):
// both backends run them, say the same, and say what onnxruntime says.
#include <gtest/gtest.h>

#include <map>

#include "onnx_io/load.h"
#include "passes/pass.h"
#include "runtime/executor.h"
#include "support/onnx_case.h"

namespace quant {

namespace test {

void PrintTo(const OnnxCase& test, std::ostream* out) { *out << test.name; }

}  // namespace test

namespace {

using Values = std::map<std::string, Tensor>;

Graph prepared(const test::OnnxCase& test) {
  Graph graph = load(test.folder / "model.onnx");
  runPasses(graph, preparationPasses());
  return graph;
}

/// The values that the model itself has as integers and that are computed.
std::set<std::string> quantizedValues(const Graph& graph) {
  std::set<std::string> values;
  for (const Node* node : graph.nodes()) {
    const bool is_integer_operator = node->opType().starts_with("QLinear") || node->opType() == "QGemm";
    if ((node->is("QuantizeLinear") && !graph.isConstant(node->input(0))) || is_integer_operator) {
      values.insert(node->output());
    }
  }
  return values;
}

/// The outputs and everything watched, row-major.
Values run(const Graph& graph, const ExecutorOptions& options, const std::filesystem::path& data_set) {
  NamedTensors inputs;
  auto samples = test::tensorsIn(data_set, "input");
  for (size_t i = 0; i < samples.size(); ++i) inputs[graph.inputs()[i]] = std::move(samples[i]);
  Values values;
  auto outputs = Executor(graph, options).run(inputs, [&](const std::string& name, const Tensor& tensor) {
    values[name] = convertLayout(tensor, Layout::kPlain).clone();
  });
  for (size_t i = 0; i < outputs.size(); ++i) values[graph.outputs()[i]] = std::move(outputs[i]);
  return values;
}

template <class T>
int largestStep(const Tensor& a, const Tensor& b) {
  int largest = 0;
  for (size_t i = 0; i < a.data<T>().size(); ++i) {
    largest = std::max(largest, std::abs(int{a.data<T>()[i]} - int{b.data<T>()[i]}));
  }
  return largest;
}

/// By how many levels of 8 bits two tensors of integers differ at most; 16 bits are computed in float.
int levelsBetween(const Tensor& a, const Tensor& b) {
  if (a.type() == DataType::kUInt8) return largestStep<uint8_t>(a, b);
  if (a.type() == DataType::kInt8) return largestStep<int8_t>(a, b);
  return largestStep<uint16_t>(a, b) / 256;
}

/// The largest difference as a share of the largest element.
double relativeDifference(const Tensor& a, const Tensor& b) {
  double difference = 0, largest = 1e-12;
  for (size_t i = 0; i < a.data<float>().size(); ++i) {
    difference = std::max<double>(difference, std::abs(a.data<float>()[i] - b.data<float>()[i]));
    largest = std::max<double>(largest, std::abs(b.data<float>()[i]));
  }
  return difference / largest;
}

/// A level of an output that has a hundred or more of them, as a share of its largest element.
constexpr double kOneLevel = 0.01;

/// By how many levels integers may differ: one where float rounding meets a tie.
constexpr int kTie = 1;

/// Models whose biases are float. In an integer operator they are rounded to the accumulator's units, which may move a
/// result by one level, and that travels through the layers behind.
const std::set<std::string> kBiasStaysFloat = {"attention_nncf_transformer", "convolutions_nncf_mixed",
                                               "convolutions_nncf_performance", "convolutions_onnxruntime_float_bias"};
constexpr int kRoundedBias = 6;

/// Convolutions and matrix products that run in float although their sources are quantized, for models that have some.
const std::map<std::string, int> kFloatProducts = {
    {"attention_nncf_transformer", 1},
    {"convolutions_nncf_mixed", 1},
    {"convolutions_onnxruntime_u16s8", 8},
};

int floatProducts(const Graph& graph) {
  const Executor executor(graph);
  int count = 0;
  for (const Node* node : executor.lowered().nodes()) {
    const std::string& op = node->opType();
    const std::string plain = op.starts_with("Fused") ? op.substr(5) : op;
    count += plain == "Conv" || plain == "Gemm" || plain == "MatMul" ? 1 : 0;
  }
  return count;
}

class ForeignModel : public testing::TestWithParam<test::OnnxCase> {};

INSTANTIATE_TEST_SUITE_P(, ForeignModel, testing::ValuesIn(test::casesIn(QUANTIZE_SOURCE_DIR "/tests/data/foreign")),
                         [](const auto& test) { return test.param.name; });

void expectSameIntegers(const Values& actual, const Values& expected, const std::set<std::string>& names, int levels) {
  for (const auto& name : names) {
    ASSERT_TRUE(actual.contains(name) && expected.contains(name)) << name << " was not computed";
    EXPECT_LE(levelsBetween(actual.at(name), expected.at(name)), levels) << name;
  }
}

TEST_P(ForeignModel, SaysWhatOnnxruntimeSays) {
  const Graph graph = prepared(GetParam());
  for (const auto& data_set : test::dataSetsOf(GetParam())) {
    const Tensor expected = std::move(test::tensorsIn(data_set, "output").front());
    for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
      const Values values = run(graph, {backend, {}, true}, data_set);
      EXPECT_LE(relativeDifference(values.at(graph.outputs().front()), expected), kOneLevel) << data_set;
    }
  }
}

TEST_P(ForeignModel, HasTheSameIntegersOnBothBackends) {
  const Graph graph = prepared(GetParam());
  const auto names = quantizedValues(graph);
  ASSERT_FALSE(names.empty());
  for (const auto& data_set : test::dataSetsOf(GetParam())) {
    const Values exact = run(graph, {Backend::kReference, names, true}, data_set);
    expectSameIntegers(run(graph, {Backend::kOneDnn, names, true}, data_set), exact, names, kTie);
  }
}

TEST_P(ForeignModel, HasTheSameIntegersFusedAndNodeByNode) {
  const Graph graph = prepared(GetParam());
  const auto names = quantizedValues(graph);
  const int levels = kBiasStaysFloat.contains(GetParam().name) ? kRoundedBias : kTie;
  for (const auto& data_set : test::dataSetsOf(GetParam())) {
    const Values node_by_node = run(graph, {Backend::kReference, names, false}, data_set);
    expectSameIntegers(run(graph, {Backend::kReference, names, true}, data_set), node_by_node, names, levels);
  }
}

TEST_P(ForeignModel, LeavesNoMoreProductsInFloatThanIsKnown) {
  const Graph graph = prepared(GetParam());
  const auto known = kFloatProducts.find(GetParam().name);
  EXPECT_LE(floatProducts(graph), known == kFloatProducts.end() ? 0 : known->second) << dump(Executor(graph).lowered());
}

}  // namespace
}  // namespace quant
