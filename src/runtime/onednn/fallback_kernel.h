#pragma once

#include <memory>
#include <string_view>

#include "runtime/kernel.h"
#include "runtime/onednn/primitive.h"

namespace quant::onednn {

/// A kernel that does what oneDNN (or a loop of this folder) can do, and hands the rest to the kernel that was
/// registered before it.
class FallbackKernel : public Kernel {
 public:
  /// `other` may be empty: then what this kernel declines is an error.
  FallbackKernel(const Node& node, int64_t opset, KernelRegistry::Factory other);

  void run(KernelContext& context) final;

 protected:
  /// Makes the outputs, or returns false when the other kernel has to. Never called with an empty tensor.
  virtual bool tryRun(KernelContext& context) = 0;
  void runOther(KernelContext& context);

  [[nodiscard]] const Node& node() const { return node_; }
  [[nodiscard]] int64_t opset() const { return opset_; }
  [[nodiscard]] const Device& device() const { return device_; }

 private:
  /// True where waking other threads would take longer than the work.
  [[nodiscard]] bool isShort(const KernelContext& context) const;

  const Node& node_;
  int64_t opset_;
  KernelRegistry::Factory other_factory_;
  int weights_input_;  // as macs.h has it
  bool is_convolution_, is_recurrent_;
  std::unique_ptr<Kernel> other_;
  Device device_;
};

/// Wraps every version of an operator; registers it for version 1 when there is none.
using WrapFactory = std::function<KernelRegistry::Factory(KernelRegistry::Factory other)>;
void wrapKernel(KernelRegistry& registry, std::string_view domain, std::string_view op_type, const WrapFactory& wrap);

/// Puts `KernelType(node, opset, other, arguments...)` before every version of an operator.
template <class KernelType, class... Arguments>
void putBefore(KernelRegistry& registry, std::string_view domain, std::string_view op_type, Arguments... arguments) {
  wrapKernel(registry, domain, op_type, [=](KernelRegistry::Factory other) -> KernelRegistry::Factory {
    return [=](const Node& node, int64_t opset) -> std::unique_ptr<Kernel> {
      return std::make_unique<KernelType>(node, opset, other, arguments...);
    };
  });
}

}  // namespace quant::onednn
