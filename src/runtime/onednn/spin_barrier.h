#pragma once

#include <sched.h>

#include <atomic>
#include <cstdint>

namespace quant::onednn {

/// Where threads of a team wait for each other for a few microseconds, over and over: they stay awake, and after a
/// while let others run.
class SpinBarrier {
 public:
  /// Returns when `count` threads have called it.
  void wait(int count) {
    constexpr int kSpins = 1 << 12;
    const uint32_t round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      return;
    }
    for (int spins = 0; round_.load(std::memory_order_acquire) == round; ++spins) {
      if (spins < kSpins)
        __builtin_ia32_pause();
      else
        sched_yield();
    }
  }

 private:
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<uint32_t> round_{0};
};

}  // namespace quant::onednn
