#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "core/progress.h"

namespace quant {

/// Where a command shows what it does. Results go to `out`; everything else is main's business.
struct Console {
  std::ostream& out;
  /// Makes the watcher of a long piece of work with this title; it may be empty.
  std::function<Progress(const std::string& title)> progress;
  bool quiet = false;
};

}  // namespace quant
