#pragma once

#include <chrono>
#include <cstdint>

namespace quant {

/// The largest resident memory this process ever had, in bytes.
uint64_t peakMemory();

/// Seconds since it was made.
class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  /// Seconds since the last lap, and starts the next.
  double lap() {
    const double result = seconds();
    start_ = std::chrono::steady_clock::now();
    return result;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace quant
