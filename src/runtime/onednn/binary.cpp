// Arithmetic on float tensors in the layout they lie in: what the row-major kernels would turn around first.
#include <algorithm>
#include <functional>
#include <optional>

#include "runtime/broadcast.h"
#include "runtime/is_nan.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/memory_order.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

constexpr int64_t kBroadcastOpset = 7;  // before, operands were matched by attributes, or channel by channel

bool areFloat(const KernelContext& context) {
  for (size_t i = 0; i < context.inputCount(); ++i) {
    if (!context.has(i) || context.inputAsIs(i).type() != DataType::kFloat32) return false;
  }
  return true;
}

Shape broadcastAll(const KernelContext& context) {
  Shape shape = context.inputAsIs(0).shape();
  for (size_t i = 1; i < context.inputCount(); ++i) shape = broadcastShapes(shape, context.inputAsIs(i).shape());
  return shape;
}

/// f(input 0, input 1), or for more inputs f(...f(f(input 0, input 1), input 2)...).
template <class F>
class Binary final : public FallbackKernel {
 public:
  Binary(const Node& node, int64_t opset, KernelRegistry::Factory other, F f)
      : FallbackKernel(node, opset, std::move(other)), f_(f) {}

 private:
  bool tryRun(KernelContext& context) override {
    if (context.inputCount() < 2 || opset() < kBroadcastOpset || !areFloat(context)) return false;
    const Shape shape = broadcastAll(context);
    if (!hasChannelsLast(context, shape.size())) return false;
    Tensor& dst = context.output(0, DataType::kFloat32, shape, Layout::kChannelsLast);
    Tensor to = inMemoryOrder(dst);
    fold(operand(context, 0, shape.size()), operand(context, 1, shape.size()), to);
    for (size_t i = 2; i < context.inputCount(); ++i) fold(to, operand(context, i, shape.size()), to);
    return true;
  }

  void fold(const Tensor& a, const Tensor& b, Tensor& to) { broadcastBinary<float, float, float>(a, b, to, f_); }

  F f_;
};

template <class F>
void add(KernelRegistry& registry, const char* op_type, F f) {
  putBefore<Binary<F>>(registry, "", op_type, f);
}

}  // namespace

void registerBinary(KernelRegistry& registry) {
  add(registry, "Add", std::plus<float>());
  add(registry, "Sub", std::minus<float>());
  add(registry, "Mul", std::multiplies<float>());
  add(registry, "Div", std::divides<float>());
  add(registry, "Sum", std::plus<float>());
  add(registry, "Max", [](float a, float b) { return a > b || isNan(a) ? a : b; });
  add(registry, "Min", [](float a, float b) { return a < b || isNan(a) ? a : b; });
  add(registry, "PRelu", [](float x, float slope) { return x < 0 ? x * slope : x; });
}

}  // namespace quant::onednn
