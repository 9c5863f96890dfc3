#include "calibration/collect.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>

#include "core/error.h"
#include "core/interrupt.h"
#include "core/workers.h"
#include "runtime/executor.h"

namespace quant {

namespace {

/// The first size of input `name` where the file fixes it; 1 where it does not.
int64_t fixedBatch(const Graph& graph, const std::string& name) {
  const auto type = graph.valueType(name);
  const bool known = type && type->shape && !type->shape->empty() && type->shape->front() > 1;
  return known ? type->shape->front() : 1;
}

/// True for an input of which the model takes more in one run than a sample holds.
bool needsStacking(const Graph& graph, const std::string& name, const Tensor& sample) {
  return fixedBatch(graph, name) > 1 && sample.rank() > 0 && sample.shape().front() == 1;
}

/// How many samples the model takes in one run.
size_t samplesPerRun(const Graph& graph, const SampleSource& samples) {
  const auto inputs = graph.inputs();
  if (std::ranges::all_of(inputs, [&](auto& name) { return fixedBatch(graph, name) == 1; })) return 1;
  size_t group = 1;
  const Sample first = samples.load(0);
  for (const auto& [name, tensor] : first.inputs) {
    if (needsStacking(graph, name, tensor)) group = static_cast<size_t>(fixedBatch(graph, name));
  }
  return group;
}

/// What run number `run` is fed with, and the names of its samples.
Sample loadRun(const Graph& graph, const SampleSource& samples, size_t per_run, size_t run) {
  if (per_run == 1) return samples.load(run);
  Sample joined;
  std::vector<Sample> parts;
  for (size_t i = 0; i < per_run; ++i) {
    Sample part = samples.load((run * per_run + i) % samples.count);
    joined.name += (i == 0 ? "" : ", ") + part.name;
    // An input that takes no batch comes from the first sample.
    for (auto input = part.inputs.begin(); input != part.inputs.end();) {
      auto next = std::next(input);
      if (!needsStacking(graph, input->first, input->second)) joined.inputs.insert(part.inputs.extract(input));
      input = next;
    }
    parts.push_back(std::move(part));
  }
  joined.inputs.merge(stack(parts));
  return joined;
}

StatisticsTable emptyTable(const std::vector<std::string>& values, const CollectOptions& options) {
  StatisticsTable table;
  for (const std::string& value : values) {
    const auto axis = options.channel_axes.find(value);
    const bool has_axis = axis != options.channel_axes.end();
    table.emplace(value, TensorStatistics(options.detail, has_axis ? std::optional(axis->second) : std::nullopt));
  }
  return table;
}

void requireKnown(const Graph& graph, const std::string& value) {
  if (graph.producer(value) == nullptr && !graph.isInput(value) && !graph.isConstant(value)) {
    throwInternal("value '{}' is to be calibrated, but the graph does not have it", value);
  }
}

/// What hands each watched value to its statistics, divided by its levels where it has some.
Watcher watcherOf(StatisticsTable& table, const std::map<std::string, std::vector<float>>& factors) {
  return [&](const std::string& value, const Tensor& tensor) {
    const auto found = factors.find(value);
    table.at(value).observe(found == factors.end() ? tensor.alias() : multiplyChannels(tensor, found->second));
  };
}

/// Told of turns, tells `progress` of samples.
Progress countSamples(const Progress& progress, size_t per_turn, size_t samples) {
  if (!progress) return nullptr;
  return [=](int64_t turns, int64_t) {
    progress(std::min(turns * static_cast<int64_t>(per_turn), static_cast<int64_t>(samples)),
             static_cast<int64_t>(samples));
  };
}

/// Runs all samples; `tables` gets one table for each worker.
void runSamples(const Graph& graph, const std::vector<std::string>& computed, const SampleSource& samples,
                const CollectOptions& options, std::deque<StatisticsTable>& tables) {
  if (samples.count == 0) return;
  const size_t per_run = samplesPerRun(graph, samples);
  const size_t runs = (samples.count + per_run - 1) / per_run;
  const size_t runs_per_turn = std::max<size_t>(static_cast<size_t>(options.batch_size) / per_run, 1);
  const size_t turns = (runs + runs_per_turn - 1) / runs_per_turn;
  const WorkerOptions crew{options.threads, countSamples(options.progress, runs_per_turn * per_run, samples.count)};
  tables.resize(workerCount(turns, crew), emptyTable(computed, options));

  std::map<std::string, std::vector<float>> factors;
  for (const auto& [value, levels] : options.levels) factors.emplace(value, reciprocals(levels));

  std::mutex making;  // a graph's constants are made at their first use
  runWorkers(turns, crew, [&](size_t worker) -> Task {
    const std::lock_guard lock(making);
    const ExecutorOptions settings{options.backend, {computed.begin(), computed.end()}};
    const auto executor = std::make_shared<Executor>(graph, settings);
    const Watcher watch = watcherOf(tables[worker], factors);
    const auto observe_run = [&, executor, watch](size_t run) {
      throwIfInterrupted();
      const Sample sample = loadRun(graph, samples, per_run, run);
      try {
        auto outputs = executor->run(sample.inputs, watch);
        if (options.take_outputs && per_run == 1) options.take_outputs(run, std::move(outputs));
      } catch (Error& error) {
        error.addContext(fmt::format("calibrating with '{}'", sample.name));
        throw;
      }
    };
    return [=](size_t turn) {
      const size_t end = std::min((turn + 1) * runs_per_turn, runs);
      for (size_t run = turn * runs_per_turn; run < end; ++run) observe_run(run);
    };
  });
}

}  // namespace

SampleSource samplesOf(const Dataset& dataset) {
  return {dataset.size(), [&](size_t index) { return dataset.load(index); }};
}

StatisticsTable collectStatistics(const Graph& graph, const std::vector<std::string>& watched,
                                  const SampleSource& samples, const CollectOptions& options) {
  StatisticsTable collected = emptyTable(watched, options);
  std::vector<std::string> computed;
  for (auto& [value, statistics] : collected) {
    requireKnown(graph, value);
    if (const Tensor* constant = graph.constant(value)) {
      statistics.observe(*constant);
    } else {
      computed.push_back(value);
    }
  }
  std::deque<StatisticsTable> tables;
  runSamples(graph, computed, samples, options, tables);
  for (const StatisticsTable& table : tables) {
    for (const auto& [value, statistics] : table) collected.at(value).merge(statistics);
  }
  return collected;
}

}  // namespace quant
