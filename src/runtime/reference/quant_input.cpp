#include "runtime/reference/quant_input.h"

#include "runtime/reference/axis_view.h"

namespace quant::reference {

namespace {

template <class Number>
std::vector<Number> valuesFor(KernelContext& context, size_t index, int64_t count, const char* what) {
  const Tensor& tensor = context.input(index);
  std::vector<Number> values = elementsAs<Number>(tensor);
  if (values.size() == 1) values.resize(static_cast<size_t>(count), values[0]);
  if (static_cast<int64_t>(values.size()) != count) {
    throwBadInput("input {}, a {} of shape {}, should have 1 or {} elements", index, what, toString(tensor.shape()),
                  count);
  }
  return values;
}

}  // namespace

float scalarScale(KernelContext& context, size_t index) { return scalesFor(context, index, 1)[0]; }

int32_t scalarZeroPoint(KernelContext& context, size_t index) { return zeroPointsFor(context, index, 1)[0]; }

std::vector<float> scalesFor(KernelContext& context, size_t index, int64_t count) {
  return valuesFor<float>(context, index, count, "scale");
}

std::vector<int32_t> zeroPointsFor(KernelContext& context, size_t index, int64_t count) {
  if (!context.has(index)) return std::vector<int32_t>(static_cast<size_t>(count), 0);
  return valuesFor<int32_t>(context, index, count, "zero point");
}

}  // namespace quant::reference
