// Some thousand networks that nobody would write, each run fused and node by node on both backends.
#include "runtime/random_graph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "runtime/executor.h"

namespace quant {
namespace {

using test::RandomGraph;

struct Way {
  const char* name;
  Backend backend;
  bool fuse;
};
constexpr Way kTruth{"the reference node by node", Backend::kReference, false};
constexpr Way kWays[] = {{"the reference, fused", Backend::kReference, true},
                         {"oneDNN node by node", Backend::kOneDnn, false},
                         {"oneDNN, fused", Backend::kOneDnn, true}};

std::vector<Tensor> run(const RandomGraph& random, const Way& way) {
  NamedTensors inputs;
  inputs["x"] = random.input().alias();
  return Executor(random.graph(), {way.backend, {}, way.fuse}).run(inputs);
}

/// How far two results may lie apart, as shares of the largest element. A rounding tie that falls to the other side is
/// a level of 8 bits, and the operators behind it carry that on.
struct Limits {
  double largest, mean;
};
constexpr Limits kFloatLimits{1e-5, 2e-6}, kOneGroupLimits{0.03, 0.004}, kGroupsLimits{0.08, 0.01};

/// A kind of graphs.
struct Kind {
  int steps;
  bool quantized;
  Limits limits;
};
constexpr Kind kFloat{8, false, kFloatLimits}, kOneGroup{1, true, kOneGroupLimits}, kGroups{4, true, kGroupsLimits};

std::string difference(const Tensor& actual, const Tensor& expected, Limits limits) {
  if (actual.shape() != expected.shape()) return "shape " + toString(actual.shape());
  const auto a = actual.data<float>(), b = expected.data<float>();
  double size = 1, largest = 0, sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    size = std::max<double>(size, std::abs(b[i]));
    largest = std::max<double>(largest, std::abs(a[i] - b[i]));
    sum += std::abs(a[i] - b[i]);
  }
  const double mean = sum / std::max<double>(1, static_cast<double>(a.size()));
  if (largest <= limits.largest * size && mean <= limits.mean * size) return "";
  return fmt::format("largest difference {:.4g}, mean {:.4g}, of numbers up to {:.4g}", largest, mean, size);
}

/// What is wrong with the graph of `seed`, or "".
std::string wrong(unsigned seed, int steps, const Kind& kind) {
  const RandomGraph random(seed, steps, kind.quantized);
  try {
    const std::vector<Tensor> expected = run(random, kTruth);
    for (const Way& way : kWays) {
      const std::vector<Tensor> actual = run(random, way);
      for (size_t i = 0; i < expected.size(); ++i) {
        const std::string what = difference(actual[i], expected[i], kind.limits);
        if (what.empty()) continue;
        const std::string text = fmt::format("output {} of {}: {}\n{}", i, way.name, what, dump(random.graph()));
        return way.fuse ? text + dump(Executor(random.graph(), {way.backend, {}, true}).lowered()) : text;
      }
    }
  } catch (const std::exception& error) {
    return fmt::format("{}\n{}", error.what(), dump(random.graph()));
  }
  return "";
}

void expectRight(unsigned first_seed, unsigned count, const Kind& kind) {
  int failures = 0;
  for (unsigned seed = first_seed; seed < first_seed + count && failures < 3; ++seed) {
    if (wrong(seed, kind.steps, kind).empty()) continue;
    ++failures;
    for (int fewer = 1; fewer <= kind.steps; ++fewer) {  // the shortest beginning that is wrong says the most
      const std::string what = wrong(seed, fewer, kind);
      if (what.empty()) continue;
      ADD_FAILURE() << "seed " << seed << ", " << fewer << " step(s): " << what;
      break;
    }
  }
}

TEST(RandomGraphs, FloatOnesComputeTheSameHoweverTheyRun) { expectRight(1, 2000, kFloat); }

TEST(RandomGraphs, QuantizedOnesComputeTheSameHoweverTheyRun) { expectRight(10001, 2000, kGroups); }

TEST(RandomGraphs, SingleQuantizedGroupsComputeTheSameHoweverTheyRun) { expectRight(20001, 3000, kOneGroup); }

/// Else the tests above would say little.
TEST(RandomGraphs, ReachEveryOperatorThatLoweringMakes) {
  std::set<std::string> reached;
  const auto lower = [&](unsigned seed, const Kind& kind) {
    const Executor executor(RandomGraph(seed, kind.steps, kind.quantized).graph());
    for (const Node* node : executor.lowered().nodes()) reached.insert(node->opType());
  };
  for (unsigned seed = 1; seed <= 200; ++seed) lower(seed, kFloat);
  for (unsigned seed = 10001; seed <= 10600; ++seed) lower(seed, kGroups);
  for (const char* op :
       {"FusedConv", "FusedConvTranspose", "FusedGemm", "FusedMatMul", "Gelu", "Lookup", "QConv", "QGemm", "QLinearAdd",
        "QLinearAveragePool", "QLinearConcat", "QLinearConv", "QLinearGlobalAveragePool", "QLinearLeakyRelu",
        "QLinearMatMul", "QLinearMul", "QLinearSigmoid", "QMatMul", "Swish"}) {
    EXPECT_TRUE(reached.contains(op)) << op;
  }
}

}  // namespace
}  // namespace quant
