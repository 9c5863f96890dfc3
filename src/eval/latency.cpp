#include "eval/latency.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/interrupt.h"

namespace quant {

namespace {

double timeRun(Executor& executor, const NamedTensors& inputs) {
  const auto start = std::chrono::steady_clock::now();
  executor.run(inputs);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
  return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
}

std::vector<Latency> measureLatency(const std::vector<const Graph*>& graphs, const Dataset& dataset, int runs,
                                    int warm_up) {
  constexpr size_t kMostSamples = 8;  // decoded before: that would leave nothing of the model in the caches
  std::vector<Sample> samples;
  for (size_t i = 0; i < std::min(dataset.size(), kMostSamples); ++i) samples.push_back(dataset.load(i));
  std::vector<Executor> executors;
  for (const Graph* graph : graphs) executors.emplace_back(*graph);
  std::vector<std::vector<double>> times(graphs.size());
  for (int run = -warm_up; run < runs; ++run) {
    throwIfInterrupted();
    const Sample& sample = samples[static_cast<size_t>(run + warm_up) % samples.size()];
    for (size_t i = 0; i < executors.size(); ++i) {
      const double milliseconds = timeRun(executors[i], sample.inputs);
      if (run >= 0) times[i].push_back(milliseconds);
    }
  }
  std::vector<Latency> result;
  for (size_t i = 0; i < times.size(); ++i) {
    const auto& list = times[i];
    result.push_back(
        {quantile(list, 0.5), quantile(list, 0.9), quantile(list, 0.99), runs, executors[i].bufferBytes()});
  }
  return result;
}

}  // namespace quant
