#include "dataset/parallel_loader.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

namespace quant {

namespace {

/// Samples that were read before their turn, in a ring: the sample `index` waits in slot index % slots.
class ReadAhead {
 public:
  ReadAhead(const Dataset& dataset, size_t threads) : dataset_(dataset), slots_(2 * threads) {
    for (size_t i = 0; i < threads; ++i) readers_.emplace_back([this](const std::stop_token& stop) { readAll(stop); });
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  ~ReadAhead() {
    for (std::jthread& reader : readers_) reader.request_stop();
  }

  /// The next sample, or the exception that reading it threw.
  Sample take() {
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[taken_ % slots_.size()];
    filled_.wait(lock, [&] { return !std::holds_alternative<std::monostate>(slot); });
    Slot content = std::exchange(slot, std::monostate{});
    ++taken_;
    lock.unlock();
    freed_.notify_all();
    if (auto* error = std::get_if<std::exception_ptr>(&content)) std::rethrow_exception(*error);
    return std::get<Sample>(std::move(content));
  }

 private:
  using Slot = std::variant<std::monostate, Sample, std::exception_ptr>;

  void readAll(const std::stop_token& stop) {
    while (const auto index = claim(stop)) {
      Slot content = read(*index);
      {
        const std::lock_guard lock(mutex_);
        slots_[*index % slots_.size()] = std::move(content);
      }
      filled_.notify_one();
    }
  }

  /// The next index to read, once its slot is free.
  std::optional<size_t> claim(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto is_free = [&] { return claimed_ == dataset_.size() || claimed_ < taken_ + slots_.size(); };
    if (!freed_.wait(lock, stop, is_free) || claimed_ == dataset_.size() || stop.stop_requested()) return std::nullopt;
    return claimed_++;
  }

  Slot read(size_t index) const {
    try {
      return dataset_.load(index);
    } catch (...) {
      return std::current_exception();
    }
  }

  const Dataset& dataset_;
  std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable_any freed_;
  std::vector<Slot> slots_;
  size_t claimed_ = 0;
  size_t taken_ = 0;
  std::vector<std::jthread> readers_;  // last: joined before the rest goes
};

}  // namespace

void forEachSample(const Dataset& dataset, size_t threads, const std::function<void(size_t index, Sample&&)>& use) {
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  ReadAhead samples(dataset, std::min(threads, std::max<size_t>(dataset.size(), 1)));
  for (size_t i = 0; i < dataset.size(); ++i) use(i, samples.take());
}

}  // namespace quant
