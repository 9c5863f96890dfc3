#pragma once

#include <string>

#include "core/progress.h"

namespace quant {

/// A bar with an estimate of the time left, redrawn on one line of standard error and wiped when the work is done.
/// Empty when standard error is no terminal.
Progress progressBar(const std::string& title);

/// True when standard error is a terminal.
bool stderrIsTerminal();

}  // namespace quant
