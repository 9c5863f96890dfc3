// ConvTranspose: a matrix product for each group spreads every input position over the kernel, then what falls on the
// same output position is added up.
#include <vector>

#include "runtime/reference/columns.h"
#include "runtime/reference/gemm.h"
#include "runtime/reference/input_types.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

struct Sizes {
  int64_t groups, group_in, group_out;
};

/// Weights are [groups * group_in, group_out, kernel...].
Sizes sizesOf(const Node& node, const Shape& src, const Shape& weights) {
  const int64_t groups = node.attr("group", int64_t{1});
  if (groups < 1 || weights.size() != src.size() || weights[0] != src[1] || src[1] % groups != 0) {
    throwBadInput(
        "ConvTranspose of a tensor of shape {} with weights of shape {} in {} groups: the channels do not fit",
        toString(src), toString(weights), groups);
  }
  return {groups, src[1] / groups, weights[1]};
}

template <class T>
void convolveTransposed(const Tensor& src, const Tensor& weights, const Tensor* bias, const Sizes& sizes,
                        const Window& window, Tensor& dst) {
  const int64_t in = window.inSize(), out = window.outSize(), depth = sizes.group_out * window.kernelSize();
  std::vector<double> columns(static_cast<size_t>(depth * in));
  std::vector<double> sums(static_cast<size_t>(sizes.group_out * out));
  for (int64_t batch_group = 0; batch_group < src.shape()[0] * sizes.groups; ++batch_group) {
    const int64_t group = batch_group % sizes.groups;
    const MatrixView<T> group_weights{weights.data<T>().data() + group * sizes.group_in * depth, sizes.group_in, depth,
                                      depth, 1};
    const MatrixView<T> image{src.data<T>().data() + batch_group * sizes.group_in * in, sizes.group_in, in, in, 1};
    multiply(group_weights.transposed(), image,
             [&](int64_t row, int64_t i, double sum) { columns[static_cast<size_t>(row * in + i)] = sum; });
    for (int64_t m = 0; m < sizes.group_out; ++m) {
      const auto channel = static_cast<size_t>(group * sizes.group_out + m);
      std::fill_n(sums.begin() + m * out, out, bias ? elementCast<double>(bias->data<T>()[channel]) : 0.0);
    }
    addWindows(columns.data(), sizes.group_out, window, sums.data());
    T* const to = dst.data<T>().data() + batch_group * sizes.group_out * out;
    for (size_t i = 0; i < sums.size(); ++i) to[i] = elementCast<T>(sums[i]);
  }
}

void convTranspose(const Node& node, KernelContext& context) {
  requireOneType("ConvTranspose", context);
  const Tensor& src = context.input(0);
  const Tensor& weights = context.input(1);
  const Tensor* bias = context.optionalInput(2);
  const Window window = transposedWindow(node, src.shape(), kernelShape(node, weights.shape()));
  const Sizes sizes = sizesOf(node, src.shape(), weights.shape());
  const int64_t channels = sizes.groups * sizes.group_out;
  if (bias && bias->elementCount() != channels) {
    throwBadInput("ConvTranspose has {} output channels, but its bias is of shape {}", channels,
                  toString(bias->shape()));
  }
  Tensor& dst = context.output(0, src.type(), window.outShape(src.shape()[0], channels));
  withElementType(src.type(), kFloatTypes, "ConvTranspose",
                  [&](auto example) { convolveTransposed<decltype(example)>(src, weights, bias, sizes, window, dst); });
}

}  // namespace

void registerConvTranspose(KernelRegistry& registry) { registry.addFunction("ConvTranspose", 1, convTranspose); }

}  // namespace quant::reference
