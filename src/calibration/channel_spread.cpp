#include "calibration/channel_spread.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>

#include "core/error.h"
#include "core/for_each_cpu.h"
#include "core/interrupt.h"
#include "core/workers.h"
#include "runtime/executor.h"

namespace quant {

namespace {

QUANTIZE_FOR_EACH_CPU void observeRows(std::span<const float> rows, size_t channels, float* __restrict low,
                                       float* __restrict high, double* __restrict squares) {
  for (size_t row = 0; row < rows.size(); row += channels) {
    const float* const x = rows.data() + row;
    for (size_t c = 0; c < channels; ++c) {
      low[c] = std::min(low[c], x[c]);
      high[c] = std::max(high[c], x[c]);
      squares[c] += static_cast<double>(x[c] * x[c]);
    }
  }
}

}  // namespace

bool ChannelSpreadObserver::accepts(size_t channels) {
  if (squares_.empty() && !differ_) {
    low_.assign(channels, 0.0F);
    high_.assign(channels, 0.0F);
    squares_.resize(channels);
  }
  if (squares_.size() == channels) return true;
  differ_ = true;
  squares_.clear();
  return false;
}

void ChannelSpreadObserver::observe(const Tensor& tensor) {
  if (tensor.type() != DataType::kFloat32 || tensor.rank() == 0 || tensor.elementCount() == 0) return;
  if (tensor.layout() != Layout::kPlain) return observe(convertLayout(tensor, Layout::kPlain));
  const auto channels = static_cast<size_t>(tensor.shape().back());
  std::vector<float> low(channels, 0.0F), high(channels, 0.0F);
  std::vector<double> squares(channels, 0.0);
  observeRows(tensor.data<float>(), channels, low.data(), high.data(), squares.data());
  const auto rows = static_cast<double>(tensor.elementCount()) / static_cast<double>(channels);
  for (double& square : squares) square = std::min<double>(square / rows, std::numeric_limits<float>::max());
  if (!std::ranges::all_of(squares, [](double square) { return std::isfinite(square); }) || !accepts(channels)) return;
  for (size_t c = 0; c < channels; ++c) {
    low_[c] = std::min(low_[c], low[c]);
    high_[c] = std::max(high_[c], high[c]);
    squares_[c].add(static_cast<float>(squares[c]));
  }
  ++tensors_;
}

void ChannelSpreadObserver::merge(const ChannelSpreadObserver& other) {
  differ_ = differ_ || other.differ_;
  if (differ_) squares_.clear();
  if (other.squares_.empty() || !accepts(other.squares_.size())) return;
  for (size_t c = 0; c < squares_.size(); ++c) {
    low_[c] = std::min(low_[c], other.low_[c]);
    high_[c] = std::max(high_[c], other.high_[c]);
    squares_[c].merge(other.squares_[c]);
  }
  tensors_ += other.tensors_;
}

ChannelSpread ChannelSpreadObserver::spread() const {
  if (squares_.empty()) return {};
  ChannelSpread spread{low_, high_, {}};
  for (const ExactSum& sum : squares_) spread.mean_square.push_back(sum.value() / static_cast<double>(tensors_));
  return spread;
}

std::map<std::string, ChannelSpread> collectSpread(const Graph& graph, const std::set<std::string>& values,
                                                   const SampleSource& samples, const Progress& progress) {
  using Observers = std::map<std::string, ChannelSpreadObserver>;
  const WorkerOptions crew{0, progress};
  std::deque<Observers> observed(workerCount(samples.count, crew));
  std::mutex making;  // a graph's constants are made at their first use
  runWorkers(samples.count, crew, [&](size_t worker) -> Task {
    const std::lock_guard lock(making);
    const auto executor = std::make_shared<Executor>(graph, ExecutorOptions{Backend::kOneDnn, values});
    return [&, executor, &mine = observed[worker]](size_t index) {
      throwIfInterrupted();
      const Sample sample = samples.load(index);
      try {
        executor->run(sample.inputs,
                      [&](const std::string& value, const Tensor& tensor) { mine[value].observe(tensor); });
      } catch (Error& error) {
        error.addContext(fmt::format("running the model with '{}'", sample.name));
        throw;
      }
    };
  });
  Observers all;
  for (const Observers& part : observed) {
    for (const auto& [value, observer] : part) all[value].merge(observer);
  }
  std::map<std::string, ChannelSpread> spreads;
  for (const auto& [value, observer] : all) spreads.emplace(value, observer.spread());
  return spreads;
}

}  // namespace quant
