#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/for_each_cpu.h"

namespace quant::bench {
namespace {

// What memory gives one thread: the other kernels' bytes per second are to be read against these. Sizes: one that fits
// the second-level cache, one that fits no cache but the largest.

QUANTIZE_FOR_EACH_CPU
uint64_t sumOf(std::span<const uint64_t> words) {
  uint64_t sum = 0;
  for (const uint64_t word : words) sum += word;
  return sum;
}

void readMemory(benchmark::State& state) {
  const std::vector<uint64_t> words(static_cast<size_t>(state.range(0)) / sizeof(uint64_t), 1);
  for (auto _ : state) benchmark::DoNotOptimize(sumOf(words));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void copyMemory(benchmark::State& state) {
  const std::vector<char> src(static_cast<size_t>(state.range(0)), 1);
  std::vector<char> dst(src.size());
  for (auto _ : state) {
    std::memcpy(dst.data(), src.data(), src.size());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0) * 2);
}

BENCHMARK(readMemory)->Arg(1 << 18)->Arg(1 << 26)->ArgName("bytes");
BENCHMARK(copyMemory)->Arg(1 << 17)->Arg(1 << 25)->ArgName("bytes");

}  // namespace
}  // namespace quant::bench
