#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

namespace quant {

/// The largest resident memory, in bytes, of a process of its own that does `work` on one thread. Nothing when `work`
/// throws or the process cannot be started. To be asked while this process holds little: the other one begins as its
/// copy.
std::optional<uint64_t> peakMemoryOf(const std::function<void()>& work);

}  // namespace quant
