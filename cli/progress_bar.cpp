#include "progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>

namespace quant {

namespace {

using Clock = std::chrono::steady_clock;

class Bar {
 public:
  explicit Bar(std::string title) : title_(std::move(title)) {}
  Bar(const Bar&) = delete;
  Bar& operator=(const Bar&) = delete;
  ~Bar() { std::cerr << kWipe << std::flush; }

  void show(int64_t done, int64_t total) {
    const auto now = Clock::now();
    const bool is_due = now - drawn_ > std::chrono::milliseconds(100);
    if (!is_due && done < total) return;
    drawn_ = now;
    const double share = total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total);
    const auto filled = static_cast<size_t>(share * kWidth);
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    const double left = share > 0 ? elapsed / share - elapsed : 0;
    std::cerr << kWipe
              << fmt::format("{} [{}{}] {}/{}, {:.0f} s left", title_, std::string(filled, '#'),
                             std::string(kWidth - filled, '.'), done, total, left)
              << std::flush;
  }

 private:
  static constexpr size_t kWidth = 30;
  static constexpr const char* kWipe = "\r\x1b[K";

  std::string title_;
  Clock::time_point start_ = Clock::now(), drawn_;
};

}  // namespace

bool stderrIsTerminal() { return ::isatty(STDERR_FILENO) == 1; }

Progress progressBar(const std::string& title) {
  if (!stderrIsTerminal()) return nullptr;
  return [bar = std::make_shared<Bar>(title)](int64_t done, int64_t total) { bar->show(done, total); };
}

}  // namespace quant
