#include "runtime/onednn/fallback_kernel.h"

#include <omp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"

namespace quant::onednn {

namespace {

bool hasEmptyInput(const KernelContext& context) {
  for (size_t i = 0; i < context.inputCount(); ++i) {
    if (context.has(i) && context.inputAsIs(i).elementCount() == 0) return true;
  }
  return false;
}

std::string describeInputs(const KernelContext& context) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < context.inputCount(); ++i) {
    if (!context.has(i)) continue;
    const Tensor& tensor = context.inputAsIs(i);
    parts.push_back(fmt::format("{} {}", toString(tensor.type()), toString(tensor.shape())));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// Inside a parallel region oneDNN 3.2 runs on one thread, but still prepares for as many as OpenMP names: its reorders
/// then add up what threads that never ran should have left. So it is told one there.
class ThreadsAsTheyRun {
 public:
  ThreadsAsTheyRun() : before_(omp_get_max_threads()) {
    if (omp_in_parallel()) omp_set_num_threads(1);
  }
  ~ThreadsAsTheyRun() {
    if (omp_in_parallel()) omp_set_num_threads(before_);
  }
  ThreadsAsTheyRun(const ThreadsAsTheyRun&) = delete;
  ThreadsAsTheyRun& operator=(const ThreadsAsTheyRun&) = delete;

 private:
  int before_;
};

}  // namespace

void FallbackKernel::run(KernelContext& context) {
  const ThreadsAsTheyRun threads;
  try {
    if (!hasEmptyInput(context) && tryRun(context)) return;
  } catch (const dnnl::error& error) {
    // What oneDNN has no primitive for, it calls either of the two.
    const bool declines = error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments;
    if (!declines) throwInternal("oneDNN: {}", error.message);
  }
  runOther(context);
}

void FallbackKernel::runOther(KernelContext& context) {
  if (other_ == nullptr && !other_factory_) {
    throwUnsupported("operator {} does not run on {}", node_.opType(), describeInputs(context));
  }
  if (other_ == nullptr) other_ = other_factory_(node_, opset_);
  other_->run(context);
}

void wrapKernel(KernelRegistry& registry, std::string_view domain, std::string_view op_type, const WrapFactory& wrap) {
  std::vector<int64_t> versions = registry.versions(domain, op_type);
  if (versions.empty()) return registry.add(domain, op_type, 1, wrap({}));
  for (const int64_t version : versions) {
    registry.add(domain, op_type, version, wrap(*registry.find(domain, op_type, version)));
  }
}

}  // namespace quant::onednn
