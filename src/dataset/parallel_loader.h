#pragma once

#include <cstddef>
#include <functional>

#include "dataset/dataset.h"

namespace quant {

/// Calls `use` on the calling thread with each sample in order, while `threads` others (0: as many as the CPU has) read
/// ahead; at most 2 * threads samples are in memory beside the one in use. An exception of `load` arrives when its
/// sample's turn comes; one of `use` stops the reading. Both are passed on.
void forEachSample(const Dataset& dataset, size_t threads, const std::function<void(size_t index, Sample&&)>& use);

}  // namespace quant
