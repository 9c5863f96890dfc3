#include "app/resources.h"

#include <sys/resource.h>

#include <fstream>
#include <string>

namespace quant {

namespace {

constexpr uint64_t kKilobyte = 1024;

/// As getrusage counts, which may include a large process that started this one.
uint64_t peakOfUsage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * kKilobyte;
}

}  // namespace

uint64_t peakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string field; status >> field;) {
    uint64_t kilobytes = 0;
    if (field == "VmHWM:" && status >> kilobytes) return kilobytes * kKilobyte;
  }
  return peakOfUsage();
}

}  // namespace quant
