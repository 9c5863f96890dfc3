// Attention as exports write it becomes one step, which gives what the nodes give one by one.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "runtime/executor.h"
#include "runtime/onednn/attention_rows.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::Contains;
using testing::Not;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// A body from q, k, v and a mask to y, with the shapes in which they come.
struct Case {
  const char* name;
  const char* body;
  Shape q, k, v, mask;
};

void PrintTo(const Case& test, std::ostream* stream) { *stream << test.name; }

constexpr const char* kConstants = R"(
  <float c = {0.25}, float d = {4}, float[1] one = {2}, float s = {0.02}, float t = {0.03}, float u = {0.004},
   uint8 z = {128}, uint8 y0 = {0}, int8 i = {-7}>)";

std::string declared(const char* name, const Shape& shape) {
  return fmt::format("float[{}] {}", fmt::join(shape, ","), name);
}

Graph graphOf(const Case& test) {
  const auto rank = static_cast<std::ptrdiff_t>(std::max(test.q.size(), test.v.size()));
  const std::array<const char*, 5> names = {"A", "B", "C", "D", "E"};
  const std::string axes = fmt::format("{}", fmt::join(names.begin(), names.begin() + rank, ","));
  Graph graph = test::parseGraph(fmt::format("g ({}, {}, {}, {}) => (float[{}] y){}{{{}}}", declared("q", test.q),
                                             declared("k", test.k), declared("v", test.v), declared("mask", test.mask),
                                             axes, kConstants, test.body));
  graph.inferShapes();
  return graph;
}

Tensor someNumbers(const Shape& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Tensor tensor(DataType::kFloat32, shape);
  for (float& x : tensor.data<float>()) x = normal(random);
  return tensor;
}

NamedTensors inputsOf(const Case& test) {
  NamedTensors inputs;
  inputs["q"] = someNumbers(test.q, 1);
  inputs["k"] = someNumbers(test.k, 2);
  inputs["v"] = someNumbers(test.v, 3);
  inputs["mask"] = someNumbers(test.mask, 4);
  return inputs;
}

std::vector<std::string> stepsOf(const Graph& graph, const std::set<std::string>& watched = {}) {
  return test::opTypes(Executor(graph, {Backend::kOneDnn, watched, true}).lowered());
}

Tensor run(const Graph& graph, Backend backend, const NamedTensors& inputs) {
  return std::move(Executor(graph, {backend, {}, true}).run(inputs)[0]);
}

// --- of floats -------------------------------------------------------------------------------------------------------

class FloatAttention : public testing::TestWithParam<Case> {};

TEST_P(FloatAttention, IsOneStepThatGivesWhatTheNodesGive) {
  const Graph graph = graphOf(GetParam());
  EXPECT_THAT(stepsOf(graph), Contains("FusedAttention"));
  EXPECT_THAT(stepsOf(graph), Not(Contains("Softmax")));
  const NamedTensors inputs = inputsOf(GetParam());
  const Tensor expected = run(graph, Backend::kReference, inputs), actual = run(graph, Backend::kOneDnn, inputs);
  ASSERT_EQ(actual.shape(), expected.shape());
  for (size_t n = 0; n < actual.data<float>().size(); ++n) {
    ASSERT_NEAR(actual.data<float>()[n], expected.data<float>()[n], 3e-6) << n;
  }
}

constexpr const char* kPlain = "m = MatMul(q, k) p = Softmax(m) y = MatMul(p, v)";
constexpr const char* kMasked = "m = MatMul(q, k) n = Mul(m, c) a = Add(n, mask) p = Softmax(a) y = MatMul(p, v)";
constexpr const char* kTransposed = R"(
  qt = Transpose<perm=[0,2,1,3]>(q) kt = Transpose<perm=[0,2,3,1]>(k) vt = Transpose<perm=[0,2,1,3]>(v)
  m = MatMul(qt, kt) n = Div(m, d) a = Add(mask, n) p = Softmax<axis=3>(a) w = MatMul(p, vt)
  y = Transpose<perm=[0,2,1,3]>(w))";

const Case kFloatCases[] = {
    {"Plain", kPlain, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {1}},
    {"WholePanels", kPlain, {1, 2, 48, 16}, {1, 2, 16, 32}, {1, 2, 32, 32}, {1}},
    {"OddSizes", kMasked, {1, 3, 25, 5}, {1, 3, 5, 17}, {1, 3, 17, 19}, {1, 1, 25, 17}},
    {"OneKey", kMasked, {2, 1, 3, 4}, {2, 1, 4, 1}, {2, 1, 1, 3}, {1, 1, 1, 1}},
    {"OneRow", kMasked, {1, 4, 1, 8}, {1, 4, 8, 100}, {1, 4, 100, 8}, {1, 1, 1, 100}},
    {"MaskOfAllHeads", kMasked, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {2, 1, 1, 7}},
    {"MaskOfEachHead", kMasked, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {1, 3, 5, 7}},
    {"MaskOfTwoAxes", kMasked, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {5, 7}},
    {"MaskOfOneNumber", kMasked, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {1}},
    {"MaskOfOneNumberForEachRow", kMasked, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {5, 1}},
    {"MaskThatMakesMoreBatches", kMasked, {1, 3, 5, 8}, {1, 3, 8, 7}, {1, 3, 7, 4}, {4, 1, 5, 7}},
    {"MaskThatMakesMoreRows", kMasked, {1, 3, 1, 8}, {1, 3, 8, 7}, {1, 3, 7, 4}, {6, 7}},
    {"MaskThatMakesMoreKeys", kMasked, {1, 3, 5, 8}, {1, 3, 8, 1}, {1, 3, 7, 4}, {5, 7}},
    {"OneHeadOfKeysForAll", kMasked, {2, 4, 5, 8}, {2, 1, 8, 7}, {2, 1, 7, 4}, {1, 1, 1, 7}},
    {"OneBatchOfValuesForAll", kMasked, {2, 4, 5, 8}, {2, 4, 8, 7}, {1, 4, 7, 4}, {1, 1, 1, 7}},
    {"ThreeAxes", kMasked, {3, 5, 8}, {3, 8, 7}, {3, 7, 4}, {5, 7}},
    {"TwoAxes", kMasked, {5, 8}, {8, 7}, {7, 4}, {5, 7}},
    {"KeysOfFewerAxes", kMasked, {2, 3, 5, 8}, {8, 7}, {3, 7, 4}, {7}},
    {"Transposed", kTransposed, {2, 5, 3, 8}, {2, 7, 3, 8}, {2, 7, 3, 4}, {2, 1, 1, 7}},
    {"TransposedWide", kTransposed, {1, 50, 2, 32}, {1, 50, 2, 32}, {1, 50, 2, 32}, {1, 1, 50, 50}},
    {"QueriesOfColumns",
     "r = Transpose<perm=[0,1,3,2]>(q) m = MatMul(r, k) p = Softmax(m) y = MatMul(p, v)",
     {2, 3, 8, 5},
     {2, 3, 8, 7},
     {2, 3, 7, 4},
     {1}},
    {"ValuesOfColumns",
     "r = Transpose<perm=[0,1,3,2]>(v) m = MatMul(q, k) p = Softmax(m) y = MatMul(p, r)",
     {2, 3, 5, 8},
     {2, 3, 8, 7},
     {2, 3, 4, 7},
     {1}},
    {"FactorBefore",
     "m = MatMul(q, k) n = Mul(one, m) p = Softmax(n) y = MatMul(p, v)",
     {2, 3, 5, 8},
     {2, 3, 8, 7},
     {2, 3, 7, 4},
     {1}},
    {"ManyRows", kMasked, {1, 1, 130, 40}, {1, 1, 40, 90}, {1, 1, 90, 24}, {130, 90}},
};

INSTANTIATE_TEST_SUITE_P(Forms, FloatAttention, testing::ValuesIn(kFloatCases),
                         [](const auto& form) { return std::string(form.param.name); });

TEST(FloatAttention, MaskedKeysHaveNoPartAndRowsWithoutKeysAreNan) {
  const Case test{"", kMasked, {1, 1, 2, 4}, {1, 1, 4, 3}, {1, 1, 3, 2}, {2, 3}};
  NamedTensors inputs = inputsOf(test);
  const float mask[] = {-kInfinity, 0, -kInfinity, -kInfinity, -kInfinity, -kInfinity};
  inputs["mask"] = Tensor::of<float>({2, 3}, mask);
  const Tensor y = run(graphOf(test), Backend::kOneDnn, inputs);
  EXPECT_EQ(y.data<float>()[0], inputs["v"].data<float>()[2]);
  EXPECT_EQ(y.data<float>()[1], inputs["v"].data<float>()[3]);
  EXPECT_TRUE(std::isnan(y.data<float>()[2]));
}

TEST(FloatAttention, LargeScoresDoNotOverflow) {
  const Case test{"", kMasked, {1, 1, 1, 4}, {1, 1, 4, 3}, {1, 1, 3, 2}, {1, 3}};
  NamedTensors inputs = inputsOf(test);
  const float mask[] = {3e38F, -1e9F, -3e38F};
  inputs["mask"] = Tensor::of<float>({1, 3}, mask);
  const Tensor y = run(graphOf(test), Backend::kOneDnn, inputs);
  EXPECT_EQ(y.data<float>()[0], inputs["v"].data<float>()[0]);
}

TEST(FloatAttention, NoRowsAndNoKeysAreFine) {
  for (const auto& [rows, keys] : {std::pair(0, 3), std::pair(2, 0), std::pair(0, 0)}) {
    const Case test{"", kMasked, {1, 2, rows, 4}, {1, 2, 4, keys}, {1, 2, keys, 5}, {1, 1, 1, keys}};
    Graph graph =
        test::parseGraph(std::string("g (float[1,2,R,4] q, float[1,2,4,K] k, float[1,2,K,5] v, float[1,1,1,K] mask) => "
                                     "(float[A,B,C,D] y)") +
                         kConstants + "{" + kMasked + "}");
    graph.inferShapes();
    const Tensor y = run(graph, Backend::kOneDnn, inputsOf(test));
    EXPECT_EQ(y.shape(), (Shape{1, 2, rows, 5}));
    for (const float x : y.data<float>()) EXPECT_EQ(x, 0);
  }
}

TEST(FloatAttention, SizesThatDoNotFitAreNamed) {
  Graph graph =
      test::parseGraph(std::string("g (float[1,2,5,M] q, float[1,2,N,7] k, float[1,2,7,4] v) => (float[A,B,C,D] y)") +
                       kConstants + "{" + kPlain + "}");
  graph.inferShapes();
  NamedTensors inputs;
  inputs["q"] = someNumbers({1, 2, 5, 8}, 1);
  inputs["k"] = someNumbers({1, 2, 9, 7}, 2);
  inputs["v"] = someNumbers({1, 2, 7, 4}, 3);
  try {
    (void)run(graph, Backend::kOneDnn, inputs);
    FAIL() << "8 numbers of queries and 9 of keys were taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("queries of 8 numbers, keys of 9"));
  }
}

TEST(FloatAttention, ThreadsDoNotChangeTheResult) {
  const Case test{"", kMasked, {1, 1, 200, 40}, {1, 1, 40, 90}, {1, 1, 90, 24}, {200, 90}};
  const Graph graph = graphOf(test);
  const int threads = omp_get_max_threads();
  std::vector<std::vector<float>> results;
  for (const int count : {1, 2, 3}) {
    omp_set_num_threads(count);
    const Tensor y = run(graph, Backend::kOneDnn, inputsOf(test));
    results.emplace_back(y.data<float>().begin(), y.data<float>().end());
  }
  omp_set_num_threads(threads);
  EXPECT_EQ(results[1], results[0]);
  EXPECT_EQ(results[2], results[0]);
}

TEST(FloatAttention, LeavesOtherNetworksAlone) {
  const Shape q{2, 3, 5, 8}, k{2, 3, 8, 7}, v{2, 3, 7, 4};
  for (const char* body : {
           "m = MatMul(q, k) p = Softmax<axis=2>(m) y = MatMul(p, v)",           // along the rows
           "m = MatMul(q, k) a = Add(m, m) p = Softmax(a) y = MatMul(p, v)",     // read twice
           "m = MatMul(q, k) r = Relu(m) p = Softmax(r) y = MatMul(p, v)",       // another function
           "m = MatMul(q, k) p = Softmax(m) r = Relu(p) y = MatMul(r, v)",       //
           "m = MatMul(q, k) p = Softmax(m) y = Mul(p, p)",                      // no second product
           "m = MatMul(q, k) a = Mul(m, mask) p = Softmax(a) y = MatMul(p, v)",  // a factor for each score
           "m = MatMul(q, k) p = Softmax(m) e = Exp(p) a = MatMul(p, v) y = MatMul(e, v)",
       }) {
    EXPECT_THAT(stepsOf(graphOf({"", body, q, k, v, {1, 1, 1, 7}})), Not(Contains("FusedAttention"))) << body;
  }
  EXPECT_THAT(stepsOf(graphOf({"", kPlain, {1, 2, 3, 5, 8}, {1, 2, 3, 8, 7}, {1, 2, 3, 7, 4}, {1}})),
              Not(Contains("FusedAttention")))
      << "five axes";
  for (const char* value : {"m", "n", "a", "p"}) {
    EXPECT_THAT(stepsOf(graphOf({"", kMasked, q, k, v, {1}}), {value}), Not(Contains("FusedAttention"))) << value;
  }
}

TEST(FloatAttention, LeavesAResultThatIsWatchedInItsOrder) {
  const Case test{"", kTransposed, {2, 5, 3, 8}, {2, 7, 3, 8}, {2, 7, 3, 4}, {2, 1, 1, 7}};
  EXPECT_THAT(stepsOf(graphOf(test), {"w"}), testing::IsSupersetOf({"FusedAttention", "Transpose"}));
  EXPECT_THAT(stepsOf(graphOf(test), {"qt"}), testing::IsSupersetOf({"FusedAttention", "Transpose"}));
}

// --- of integers -----------------------------------------------------------------------------------------------------

class ByteAttention : public testing::TestWithParam<Case> {};

/// A tie that one rounding more or less decides moves a probability by one step.
TEST_P(ByteAttention, IsOneStepThatGivesWhatTheNodesGive) {
  const Graph graph = graphOf(GetParam());
  const auto steps = stepsOf(graph);
  EXPECT_THAT(steps, Contains("QAttention"));
  EXPECT_THAT(steps, Not(Contains("Softmax")));
  const NamedTensors inputs = inputsOf(GetParam());
  const Tensor expected = run(graph, Backend::kReference, inputs), actual = run(graph, Backend::kOneDnn, inputs);
  ASSERT_EQ(actual.shape(), expected.shape());
  constexpr double kStep = 0.004 * 255 * 0.02;  // of a probability, times the largest value
  size_t moved = 0;
  for (size_t n = 0; n < actual.data<float>().size(); ++n) {
    const double error = std::abs(actual.data<float>()[n] - expected.data<float>()[n]);
    EXPECT_LE(error, kStep) << n;
    moved += error > 1e-5 ? 1 : 0;
  }
  EXPECT_LE(moved, actual.data<float>().size() / 50);
}

#define QUANTIZED(name, from, scale, zero)                                                                       \
#name "q = QuantizeLinear(" #from ", " #scale ", " #zero ") " #name "d = DequantizeLinear(" #name "q, " #scale \
        ", " #zero ") "

constexpr const char* kBytes = QUANTIZED(q, q, s, z) QUANTIZED(k, k, t, i)
    QUANTIZED(v, v, s, z) "m = MatMul(qd, kd) n = Mul(m, c) a = Add(n, mask) p = Softmax(a) " QUANTIZED(
        p, p, u, y0) "y = MatMul(pd, vd)";
constexpr const char* kSignedProbabilities = QUANTIZED(q, q, s, i) QUANTIZED(k, k, t, z) QUANTIZED(
    v, v, s, i) "m = MatMul(qd, kd) a = Add(m, mask) p = Softmax(a) " QUANTIZED(p, p, u, i) "y = MatMul(pd, vd)";
constexpr const char* kTransposedBytes =
    "qt = Transpose<perm=[0,2,1,3]>(q) kt = Transpose<perm=[0,2,3,1]>(k) vt = Transpose<perm=[0,2,1,3]>(v) " QUANTIZED(
        q, qt, s, z) QUANTIZED(k, kt, t, i) QUANTIZED(v, vt, s, z) "m = MatMul(qd, kd) n = Mul(m, c) a = Add(n, mask) "
    "p = Softmax(a) " QUANTIZED(p, p, u, y0) "w = MatMul(pd, vd) y = Transpose<perm=[0,2,1,3]>(w)";
/// Integers that others read, too, are not made anew.
constexpr const char* kSharedBytes = QUANTIZED(q, q, s, z) QUANTIZED(k, k, t, i) QUANTIZED(v, v, s, z)
    "vt = Transpose<perm=[0,1,3,2]>(vd) other = MatMul(vd, vt) "
    "m = MatMul(qd, kd) p = Softmax(m) " QUANTIZED(p, p, u, y0) "y = MatMul(pd, vd)";

const Case kByteCases[] = {
    {"Plain", kBytes, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {2, 1, 1, 7}},
    {"WholePanels", kBytes, {1, 2, 48, 16}, {1, 2, 16, 32}, {1, 2, 32, 32}, {48, 32}},
    {"OddSizes", kBytes, {1, 3, 25, 5}, {1, 3, 5, 17}, {1, 3, 17, 19}, {1, 1, 25, 17}},
    {"OneKey", kBytes, {2, 1, 3, 4}, {2, 1, 4, 1}, {2, 1, 1, 3}, {1, 1, 1, 1}},
    {"OneRow", kBytes, {1, 4, 1, 8}, {1, 4, 8, 100}, {1, 4, 100, 8}, {1, 1, 1, 100}},
    {"OtherTypes", kSignedProbabilities, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {2, 1, 1, 7}},
    {"Transposed", kTransposedBytes, {2, 5, 3, 8}, {2, 7, 3, 8}, {2, 7, 3, 4}, {2, 1, 1, 7}},
    {"TransposedWide", kTransposedBytes, {1, 50, 2, 32}, {1, 50, 2, 32}, {1, 50, 2, 32}, {1, 1, 50, 50}},
    {"SharedIntegers", kSharedBytes, {2, 3, 5, 8}, {2, 3, 8, 7}, {2, 3, 7, 4}, {1}},
    {"ThreeAxes", kBytes, {3, 5, 8}, {3, 8, 7}, {3, 7, 4}, {5, 7}},
    {"OneHeadOfKeysForAll", kBytes, {2, 4, 5, 8}, {2, 1, 8, 7}, {2, 1, 7, 4}, {1, 1, 1, 7}},
};

INSTANTIATE_TEST_SUITE_P(Forms, ByteAttention, testing::ValuesIn(kByteCases),
                         [](const auto& form) { return std::string(form.param.name); });

TEST(ByteAttention, LeavesScalesThatAreFoundWhileRunning) {
  const Case test{"",
                  "qq, qs, qz = DynamicQuantizeLinear(q) kq, ks, kz = DynamicQuantizeLinear(k) "
                  "qd = DequantizeLinear(qq, qs, qz) kd = DequantizeLinear(kq, ks, kz) m = MatMul(qd, kd) "
                  "p = Softmax(m) y = MatMul(p, v)",
                  {2, 3, 5, 8},
                  {2, 3, 8, 7},
                  {2, 3, 7, 4},
                  {1}};
  EXPECT_THAT(stepsOf(graphOf(test)), Not(Contains("QAttention")));
}

TEST(RoundQuotients, GivesTheIntegersOfQuantizeLinear) {
  onednn::RoundScale scale{0.5F, -10, 245};  // of unsigned bytes with zero point 10
  const float from[] = {0.25F, 0.75F, -0.25F, 1.26F, -100, 1000, kInfinity, -kInfinity, std::nanf("")};
  int16_t to[std::size(from)];
  onednn::roundQuotients(from, to, std::size(from), scale);
  EXPECT_THAT(to, testing::ElementsAre(0, 2, 0, 3, -10, 245, 245, -10, 0)) << "less the zero point";
  scale.offset = 10;
  uint8_t bytes[std::size(from)];
  onednn::roundQuotients(from, bytes, std::size(from), scale);
  EXPECT_THAT(bytes, testing::ElementsAre(10, 12, 10, 13, 0, 255, 255, 0, 10));
}

}  // namespace
}  // namespace quant
