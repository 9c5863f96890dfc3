#pragma once

#include <cstdint>
#include <functional>

namespace quant {

/// Told how far a long piece of work is: `done` of `total` samples. Empty when nobody watches.
using Progress = std::function<void(int64_t done, int64_t total)>;

}  // namespace quant
