#include "eval/samples.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "core/interrupt.h"

namespace quant {

namespace {

/// The first error of any worker, by the sample it happened at, so that the message does not depend on timing.
class FirstError {
 public:
  void keep(size_t index, std::exception_ptr error) {
    const std::scoped_lock lock(mutex_);
    if (!error_ || index < index_) {
      index_ = index;
      error_ = std::move(error);
    }
    failed_ = true;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_;
  size_t index_ = 0;
  std::atomic<bool> failed_ = false;
};

}  // namespace

Macs runSamples(const Graph& graph, Backend backend, const Dataset& dataset, size_t count, const SampleVisitor& visit,
                const Progress& progress) {
  std::atomic<size_t> next = 0;
  std::mutex visiting;
  FirstError error;
  Macs macs;
  size_t done = 0;
  const int workers = static_cast<int>(std::min<size_t>(static_cast<size_t>(omp_get_max_threads()), count));
#pragma omp parallel num_threads(std::max(workers, 1))
  {
    size_t index = 0;
    try {
      Executor executor(graph, {backend, {}, true});
      for (index = next++; index < count && !error.failed(); index = next++) {
        throwIfInterrupted();
        const Sample sample = dataset.load(index);
        auto outputs = executor.run(sample.inputs);
        const std::scoped_lock lock(visiting);
        macs = executor.macs();
        visit(index, sample, std::move(outputs));
        if (progress) progress(static_cast<int64_t>(++done), static_cast<int64_t>(count));
      }
    } catch (...) {
      error.keep(index, std::current_exception());
    }
  }
  error.rethrow();
  return macs;
}

}  // namespace quant
