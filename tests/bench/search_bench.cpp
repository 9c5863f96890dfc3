#include <benchmark/benchmark.h>

#include "bench/values.h"
#include "calibration/methods.h"

namespace quant::bench {
namespace {

/// One range from a histogram of a million values.
void search(benchmark::State& state, const char* method_name, Values kind) {
  const CalibrationMethod& method = findCalibrationMethod(method_name);
  TensorStatistics statistics(TensorStatistics::Detail::kHistogram);
  statistics.observe(makeValues(kind, size_t{1} << 20));
  for (auto _ : state) benchmark::DoNotOptimize(method.range(statistics, {}));
}

BENCHMARK_CAPTURE(search, percentile, "percentile", Values::kNormal)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, mse, "mse", Values::kNormal)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, mse_relu, "mse", Values::kRelu)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, kl, "kl", Values::kNormal)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(search, kl_relu, "kl", Values::kRelu)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace quant::bench
