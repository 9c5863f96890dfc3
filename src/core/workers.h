#pragma once

#include <cstddef>
#include <functional>

#include "core/progress.h"

namespace quant {

struct WorkerOptions {
  int threads = 0;    ///< 0: as many as OpenMP offers
  Progress progress;  ///< called by the calling thread only
};

/// What one worker does with one index.
using Task = std::function<void(size_t index)>;

/// How many workers `runWorkers` starts for `count` indices; they are numbered from 0.
size_t workerCount(size_t count, const WorkerOptions& options);

/// Does a task for each index below `count`, in several workers. Indices are handed out in order, to whoever is free.
///
/// Each worker makes a task of its own, with what belongs to it alone, on its own thread. Whatever runs inside (oneDNN,
/// kernels with OpenMP) has that one thread, also when there is but one worker: so the numbers computed do not depend
/// on the number of workers.
///
/// When a task throws, the others finish what they are at, and the exception of the lowest index goes on to the caller:
/// the same one for any number of workers. An interrupt counts as one.
void runWorkers(size_t count, const WorkerOptions& options, const std::function<Task(size_t worker)>& make_task);

/// The same for a task that all workers can share.
void forEachIndex(size_t count, const WorkerOptions& options, const Task& task);

}  // namespace quant
