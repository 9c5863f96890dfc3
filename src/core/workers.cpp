#include "core/workers.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>

#include "core/interrupt.h"

namespace quant {

namespace {

/// Keeps the exception of the lowest index.
class FirstFailure {
 public:
  void add(size_t index, std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (failure_ && index_ <= index) return;
    index_ = index;
    failure_ = std::move(failure);
    any_ = true;
  }
  [[nodiscard]] bool any() const { return any_; }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> any_ = false;
  size_t index_ = 0;
  std::exception_ptr failure_;
};

class Crew {
 public:
  Crew(size_t count, const WorkerOptions& options) : count_(count), progress_(options.progress) {}

  void work(size_t worker, const std::function<Task(size_t)>& make_task) {
    // For parallel regions inside this worker; ends with it. Also needed for right results: oneDNN 3.2 prepares its
    // reorders for as many threads as OpenMP names, and sums what the missing ones would have left.
    omp_set_num_threads(1);
    size_t index = 0;
    try {
      const Task task = make_task(worker);
      while (!failure_.any() && (index = next_++) < count_) {
        throwIfInterrupted();
        task(index);
        ++done_;
        if (worker == 0) report();
      }
    } catch (...) {
      failure_.add(index, std::current_exception());
    }
  }

  void finish() {
    failure_.rethrow();
    report();
  }

 private:
  void report() const {
    if (progress_) progress_(static_cast<int64_t>(done_.load()), static_cast<int64_t>(count_));
  }

  size_t count_;
  const Progress& progress_;
  std::atomic<size_t> next_ = 0, done_ = 0;
  FirstFailure failure_;
};

}  // namespace

size_t workerCount(size_t count, const WorkerOptions& options) {
  const int threads = options.threads > 0 ? options.threads : omp_get_max_threads();
  return std::min(count, static_cast<size_t>(threads));
}

void runWorkers(size_t count, const WorkerOptions& options, const std::function<Task(size_t worker)>& make_task) {
  const size_t workers = workerCount(count, options);
  if (workers == 0) return;
  Crew crew(count, options);
#pragma omp parallel num_threads(static_cast <int>(workers))
  crew.work(static_cast<size_t>(omp_get_thread_num()), make_task);
  crew.finish();
}

void forEachIndex(size_t count, const WorkerOptions& options, const Task& task) {
  runWorkers(count, options, [&](size_t) { return task; });
}

}  // namespace quant
