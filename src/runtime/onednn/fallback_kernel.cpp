#include "runtime/onednn/fallback_kernel.h"

#include <omp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "runtime/macs.h"

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
  explicit ThreadsAsTheyRun(bool alone)
      : before_(omp_get_max_threads()), is_limited_(before_ > 1 && (alone || omp_in_parallel() != 0)) {
    if (is_limited_) omp_set_num_threads(1);
  }
  ~ThreadsAsTheyRun() {
    if (is_limited_) omp_set_num_threads(before_);
  }
  ThreadsAsTheyRun(const ThreadsAsTheyRun&) = delete;
  ThreadsAsTheyRun& operator=(const ThreadsAsTheyRun&) = delete;

 private:
  int before_;
  bool is_limited_;
};

/// Elements, and multiply-accumulates of a product, that one thread is through with before others are awake.
/// Bytes are multiplied four at a time, but where each channel has weights of its own.
constexpr int64_t kFewElements = 1 << 14, kFewMacs = 1 << 18, kFewByteMacs = 4 * kFewMacs;

/// About the multiply-accumulates of a convolution or a matrix product.
int64_t macsOf(const Tensor& src, const Tensor& weights, bool is_convolution) {
  const Shape& shape = weights.shape();
  if (src.rank() < (is_convolution ? 2 : 1) || shape.empty()) return 0;
  if (is_convolution) return src.elementCount() / src.shape()[1] * weights.elementCount();
  if (shape.size() > 2) return src.elementCount() * shape.back();
  return src.elementCount() / src.shape().back() * weights.elementCount();
}

}  // namespace

FallbackKernel::FallbackKernel(const Node& node, int64_t opset, KernelRegistry::Factory other)
    : node_(node),
      opset_(opset),
      other_factory_(std::move(other)),
      weights_input_(weightsInput(node)),
      is_convolution_(node.opType().find("Conv") != std::string::npos),
      is_recurrent_(isRecurrent(node)) {}

/// Depends on nothing but shapes: a primitive is always run by as many threads as it was made for.
bool FallbackKernel::isShort(const KernelContext& context) const {
  if (weights_input_ >= 0) {
    const auto weights = static_cast<size_t>(weights_input_);
    if (!context.has(weights)) return false;
    const Tensor &src = context.inputAsIs(0), &factors = context.inputAsIs(weights);
    if (is_recurrent_) return quant::macsOf(node_, src.shape(), factors.shape(), {}).total < kFewMacs;
    const bool is_depthwise = is_convolution_ && factors.rank() > 2 && factors.shape()[1] == 1;
    const int64_t few = elementSize(src.type()) == 1 && !is_depthwise ? kFewByteMacs : kFewMacs;
    return macsOf(src, factors, is_convolution_) < few;
  }
  int64_t elements = 0;
  for (size_t i = 0; i < context.inputCount(); ++i) {
    if (context.has(i)) elements += context.inputAsIs(i).elementCount();
  }
  return elements < kFewElements;
}

void FallbackKernel::run(KernelContext& context) {
  try {
    if (!hasEmptyInput(context)) {
      const ThreadsAsTheyRun threads(isShort(context));
      if (tryRun(context)) return;
    }
  } catch (const dnnl::error& error) {
    // What oneDNN has no primitive for, it calls either of the two.
    const bool declines = error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments;
    if (!declines) throwInternal("oneDNN: {}", error.message);
  }
  const ThreadsAsTheyRun threads(false);
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
