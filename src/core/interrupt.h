#pragma once

#include <stdexcept>
#include <string>

namespace quant {

/// Thrown when the user asked to stop (Ctrl-C, SIGTERM). Nothing half-done is kept: temporary files go with the scopes
/// that the exception leaves.
class Interrupted : public std::runtime_error {
 public:
  explicit Interrupted(const std::string& what = "interrupted") : std::runtime_error(what) {}
};

/// From now on SIGINT and SIGTERM only leave a mark; a second one ends the process at once.
void catchInterrupts();

/// Throws Interrupted when the mark is there. Long loops call it once for each sample.
void throwIfInterrupted();

}  // namespace quant
