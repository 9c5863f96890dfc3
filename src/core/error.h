#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace quant {

/// Process exit codes, one per kind of failure, so that scripts can branch on them.
enum class ExitCode : int { kOk = 0, kCheckFailed = 1, kBadInput = 2, kUnsupported = 3, kInternal = 70 };

/// An error that ends the command. Where it is known, a caller adds where it happened with `addContext` while the
/// exception travels up; only main() prints it.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& message) : std::runtime_error(message), code_(code), text_(message) {}

  void addContext(const std::string& where) { text_ += "\n  while " + where; }
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }
  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
  std::string text_;
};

/// The user's model, data or flags are wrong: exit code 2.
template <class... Args>
[[noreturn]] void throwBadInput(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::kBadInput, fmt::format(format, std::forward<Args>(args)...));
}

/// The input is right, but this program cannot do it: exit code 3.
template <class... Args>
[[noreturn]] void throwUnsupported(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::kUnsupported, fmt::format(format, std::forward<Args>(args)...));
}

/// A bug of ours: exit code 70.
template <class... Args>
[[noreturn]] void throwInternal(fmt::format_string<Args...> format, Args&&... args) {
  throw Error(ExitCode::kInternal, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace quant
