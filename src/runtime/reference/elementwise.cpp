#include "runtime/reference/elementwise.h"

namespace quant::reference {

Layout commonLayout(KernelContext& context) {
  Layout layout = Layout::kPlain;
  for (size_t i = 0; i < context.inputCount(); ++i) {
    const Tensor& tensor = context.inputAsIs(i);
    if (tensor.shape() != context.inputAsIs(0).shape()) return Layout::kPlain;
    if (tensor.layout() == Layout::kChannelsLast) layout = Layout::kChannelsLast;
  }
  return layout;
}

Shape broadcastInputs(KernelContext& context) {
  Shape shape = context.inputAsIs(0).shape();
  for (size_t i = 1; i < context.inputCount(); ++i) shape = broadcastShapes(shape, context.inputAsIs(i).shape());
  return shape;
}

}  // namespace quant::reference
