#include <benchmark/benchmark.h>

#include <cstdint>

#include "bench/values.h"
#include "runtime/onednn/int8_loops.h"

namespace quant::bench {
namespace {

void quantize(benchmark::State& state) {
  const std::vector<float> src = makeValues(Values::kNormal, static_cast<size_t>(state.range(0)));
  std::vector<uint8_t> dst(src.size());
  for (auto _ : state) {
    onednn::quantizeRun(src.data(), dst.data(), state.range(0), {0.03F, 128, 0});
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<int64_t>(sizeof(float) + 1));
}

BENCHMARK(quantize)->Arg(1 << 14)->Arg(1 << 20)->ArgName("values");

}  // namespace
}  // namespace quant::bench
