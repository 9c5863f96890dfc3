#include "app/model_memory.h"

#include <omp.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace quant {

namespace {

/// In the other process: no destructor or exit handler of the copied program may run.
[[noreturn]] void workAndExit(const std::function<void()>& work) {
  omp_set_num_threads(1);  // the threads of this process did not come along
  int code = 1;
  try {
    work();
    code = 0;
  } catch (...) {  // told by the one who runs the model next
  }
  ::_exit(code);
}

}  // namespace

std::optional<uint64_t> peakMemoryOf(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child < 0) return std::nullopt;
  if (child == 0) workAndExit(work);
  int status = 0;
  rusage usage{};
  while (::wait4(child, &status, 0, &usage) < 0) {
    if (errno != EINTR) return std::nullopt;
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace quant
