// Conv in floating point: windows unrolled into columns, then a matrix product for each group.
#include <vector>

#include "runtime/reference/columns.h"
#include "runtime/reference/convolution_shapes.h"
#include "runtime/reference/gemm.h"
#include "runtime/reference/input_types.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

template <class T>
void convolve(const Tensor& src, const Tensor& weights, const Tensor* bias, const ConvolutionShapes& shapes,
              Tensor& dst) {
  const Window& window = shapes.window;
  const int64_t in = window.inSize(), out = window.outSize(), depth = shapes.depth();
  const T* const images = src.data<T>().data();
  const T* const weights_data = weights.data<T>().data();
  const T* const bias_data = bias ? bias->data<T>().data() : nullptr;
  T* const results = dst.data<T>().data();
  // Many groups are shared out among the threads, few leave the parallelism to what is inside.
#pragma omp parallel for collapse(2) schedule(static) if (shapes.batch * shapes.groups > 3)
  for (int64_t n = 0; n < shapes.batch; ++n) {
    for (int64_t g = 0; g < shapes.groups; ++g) {
      std::vector<T> columns(static_cast<size_t>(depth * out));
      const T* const image = images + (n * shapes.groups + g) * shapes.group_in * in;
      unrollWindows(image, shapes.group_in, window, columns.data());
      const int64_t first = g * shapes.group_out;
      T* const to = results + (n * shapes.groups + g) * shapes.group_out * out;
      multiply<T>({weights_data + first * depth, shapes.group_out, depth, depth, 1},
                  {columns.data(), depth, out, out, 1}, [&](int64_t m, int64_t o, double sum) {
                    to[m * out + o] = elementCast<T>(sum + (bias_data ? elementCast<double>(bias_data[first + m]) : 0));
                  });
    }
  }
}

void conv(const Node& node, KernelContext& context) {
  requireOneType("Conv", context);
  const Tensor& src = context.input(0);
  const Tensor& weights = context.input(1);
  const Tensor* bias = context.optionalInput(2);
  const ConvolutionShapes shapes(node, src.shape(), weights.shape());
  if (bias) shapes.requirePerChannel(*bias, "bias");
  Tensor& dst = context.output(0, src.type(), shapes.outShape());
  withElementType(src.type(), kFloatTypes, "Conv",
                  [&](auto example) { convolve<decltype(example)>(src, weights, bias, shapes, dst); });
}

}  // namespace

void registerConvolution(KernelRegistry& registry) { registry.addFunction("Conv", 1, conv); }

}  // namespace quant::reference
