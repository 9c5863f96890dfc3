#include <benchmark/benchmark.h>

#include "bench/values.h"
#include "calibration/statistics.h"

namespace quant::bench {
namespace {

// The largest activations of a network have about a million elements, most have some ten thousand.
constexpr int64_t kFew = 1 << 14, kMany = 1 << 20;

void summary(benchmark::State& state, Values kind) {
  const std::vector<float> values = makeValues(kind, static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(summarize(values));
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<int64_t>(sizeof(float)));
}

/// A summary and a histogram, as calibration gathers them from each watched value.
void histogram(benchmark::State& state, Values kind) {
  const std::vector<float> values = makeValues(kind, static_cast<size_t>(state.range(0)));
  TensorStatistics statistics(TensorStatistics::Detail::kHistogram);
  for (auto _ : state) statistics.observe(values);
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<int64_t>(sizeof(float)));
}

BENCHMARK_CAPTURE(summary, normal, Values::kNormal)->Arg(kFew)->Arg(kMany)->ArgName("values");
BENCHMARK_CAPTURE(histogram, normal, Values::kNormal)->Arg(kFew)->Arg(kMany)->ArgName("values");
BENCHMARK_CAPTURE(histogram, relu, Values::kRelu)->Arg(kFew)->Arg(kMany)->ArgName("values");

}  // namespace
}  // namespace quant::bench
