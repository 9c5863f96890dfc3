#include "eval/samples.h"

#include <memory>
#include <mutex>

#include "core/workers.h"

namespace quant {

Macs runSamples(const Graph& graph, Backend backend, const Dataset& dataset, SampleRange range,
                const SampleVisitor& visit, const Progress& progress) {
  std::mutex visiting;
  Macs macs;
  const auto make_task = [&](size_t) -> Task {
    auto executor = std::make_shared<Executor>(graph, ExecutorOptions{backend, {}, true});
    return [&, executor](size_t i) {
      const size_t index = range.begin + i;
      const Sample sample = dataset.load(index);
      auto outputs = executor->run(sample.inputs);
      const std::scoped_lock lock(visiting);
      macs = executor->macs();
      visit(index, sample, std::move(outputs));
    };
  };
  runWorkers(range.count, {0, progress}, make_task);
  return macs;
}

}  // namespace quant
