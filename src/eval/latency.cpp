#include "eval/latency.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "core/interrupt.h"
#include "eval/statistics.h"

namespace quant {

namespace {

/// So many batches take turns: enough that branches and zeros are not learned, few enough to be read at once.
constexpr size_t kBatches = 8;

/// Timed runs of a model before the next one's turn.
constexpr int kRunsInTurn = 10;

/// Untimed runs at the beginning of a turn go on for so long. Measured on EfficientNet-Lite0 in turn with its int8
/// form: the first run after a turn of the other takes 1.3 to 1.5 times as long, the fourth to sixth (10 to 30 ms) as
/// long as in a loop of its own.
constexpr double kWarmMilliseconds = 25;

/// A median of fewer runs says little.
constexpr int kFewestRuns = 5;

/// Milliseconds that `work` takes.
template <class Work>
double timed(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

bool haveSameShapes(const Sample& a, const Sample& b) {
  return std::ranges::all_of(
      a.inputs, [&](const auto& entry) { return entry.second.shape() == b.inputs.at(entry.first).shape(); });
}

/// Batch `number` of `size` samples that have the same shapes; some stand in it more than once when there are too few.
NamedTensors makeBatch(const std::vector<Sample>& samples, size_t number, size_t size) {
  const size_t first = number * size % samples.size();
  std::vector<const Sample*> alike;
  for (size_t i = 0; i < samples.size() && alike.size() < size; ++i) {
    const Sample& sample = samples[(first + i) % samples.size()];
    if (haveSameShapes(samples[first], sample)) alike.push_back(&sample);
  }
  std::vector<Sample> chosen;
  for (size_t i = 0; i < size; ++i) {
    const Sample& sample = *alike[i % alike.size()];
    chosen.push_back({sample.name, {}, {}});
    for (const auto& [name, tensor] : sample.inputs) chosen.back().inputs.emplace(name, tensor.alias());
  }
  return stack(chosen);
}

/// Why `graph` cannot take `batch`; empty when it can.
std::string refusal(const Graph& graph, const NamedTensors& batch, int size) {
  for (const auto& [name, tensor] : batch) {
    const auto type = graph.valueType(name);
    if (!type || !type->shape || type->shape->empty()) continue;
    const int64_t declared = type->shape->front(), given = tensor.shape().empty() ? 1 : tensor.shape().front();
    if (declared >= 0 && declared != given) {
      return fmt::format("no latency with batch size {}: the first axis of input '{}' is fixed at {}", size, name,
                         declared);
    }
  }
  return "";
}

class TimedModel {
 public:
  TimedModel(const Subject& subject, size_t samples) : graph_(*subject.graph) {
    for (size_t i = 0; i < std::min(subject.dataset->size(), samples); ++i) {
      samples_.push_back(subject.dataset->load(i));
    }
  }

  /// False when the model refuses batches of `size`.
  bool prepare(int size) {
    batches_.clear();
    times_.clear();
    next_ = 0;
    for (size_t i = 0; i < kBatches; ++i) batches_.push_back(makeBatch(samples_, i, static_cast<size_t>(size)));
    const std::string reason = refusal(graph_, batches_.front(), size);
    if (!reason.empty()) {
      result_.refusals.push_back(reason);
      return false;
    }
    if (!executor_) {
      result_.first_run_ms = timed([&] {
        executor_.emplace(graph_);
        executor_->run(batches_.front());
      });
      result_.buffer_bytes = executor_->bufferBytes();
    }
    return true;
  }

  /// One run in milliseconds; batches take turns.
  double run() {
    throwIfInterrupted();
    const NamedTensors& batch = batches_[next_++ % batches_.size()];
    return timed([&] { executor_->run(batch); });
  }

  /// Caches, branches and the clock as a loop of this model alone leaves them.
  void warm() {
    double milliseconds = 0;
    do milliseconds += run();
    while (milliseconds < kWarmMilliseconds);
  }

  void measure() { times_.push_back(run()); }

  void finish(int size) { result_.batches.push_back(summarizeTimes(size, times_)); }
  [[nodiscard]] ModelLatency& result() { return result_; }

 private:
  const Graph& graph_;
  std::vector<Sample> samples_;
  std::vector<NamedTensors> batches_;
  std::optional<Executor> executor_;
  std::vector<double> times_;
  size_t next_ = 0;
  ModelLatency result_;
};

void timeBatches(std::vector<TimedModel>& models, int size, const LatencyOptions& options,
                 const std::function<void(int runs)>& tick) {
  std::vector<TimedModel*> ready;
  for (TimedModel& model : models) {
    if (model.prepare(size)) ready.push_back(&model);
  }
  double milliseconds = 0;
  for (TimedModel* model : ready) {
    for (int run = 0; run < options.warm_up; ++run) milliseconds += model->run();
  }
  const int runs = runsWithin(options.most_seconds, milliseconds / std::max(options.warm_up, 1), options.runs);
  for (int done = 0; done < runs; done += kRunsInTurn) {
    const int turn = std::min(kRunsInTurn, runs - done);
    for (TimedModel* model : ready) {
      if (ready.size() > 1) model->warm();
      for (int run = 0; run < turn; ++run) model->measure();
    }
    tick(turn);
  }
  for (TimedModel* model : ready) model->finish(size);
}

}  // namespace

int runsWithin(double most_seconds, double milliseconds, int runs) {
  const double fitting = milliseconds > 0 ? 1000 * most_seconds / milliseconds : runs;
  return static_cast<int>(std::min<double>(runs, std::max<double>(kFewestRuns, fitting)));
}

BatchLatency summarizeTimes(int batch, const std::vector<double>& milliseconds) {
  BatchLatency latency;
  latency.batch = batch;
  latency.runs = static_cast<int>(milliseconds.size());
  if (milliseconds.empty()) return latency;
  const auto count = static_cast<double>(milliseconds.size());
  latency.p50 = quantile(milliseconds, 0.5);
  latency.p90 = quantile(milliseconds, 0.9);
  latency.p99 = quantile(milliseconds, 0.99);
  latency.mean = std::accumulate(milliseconds.begin(), milliseconds.end(), 0.0) / count;
  latency.min = std::ranges::min(milliseconds);
  latency.max = std::ranges::max(milliseconds);
  double squares = 0;
  for (const double time : milliseconds) squares += (time - latency.mean) * (time - latency.mean);
  latency.spread = milliseconds.size() < 2 ? 0 : std::sqrt(squares / (count - 1));
  latency.throughput = latency.p50 > 0 ? 1000.0 * batch / latency.p50 : 0;
  return latency;
}

std::vector<ModelLatency> measureLatency(const std::vector<Subject>& subjects, const LatencyOptions& options) {
  const auto largest = static_cast<size_t>(std::ranges::max(options.batch_sizes));
  std::vector<TimedModel> models;
  for (const Subject& subject : subjects) models.emplace_back(subject, std::max(kBatches, largest));
  const auto total = static_cast<int64_t>(options.runs) * static_cast<int64_t>(options.batch_sizes.size());
  int64_t done = 0;
  const auto tick = [&](int runs) {
    done += runs;
    if (options.progress) options.progress(done, total);
  };
  for (const int size : options.batch_sizes) timeBatches(models, size, options, tick);
  std::vector<ModelLatency> results;
  for (TimedModel& model : models) results.push_back(std::move(model.result()));
  return results;
}

double measurePreprocessing(const Dataset& dataset) {
  constexpr size_t kSamples = 16;
  std::vector<double> times;
  for (size_t i = 0; i < std::min(dataset.size(), kSamples); ++i) {
    times.push_back(timed([&] { (void)dataset.load(i); }));
  }
  return quantile(times, 0.5);
}

}  // namespace quant
