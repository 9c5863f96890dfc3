// MaxPool (float and 8-bit) and AveragePool (float), in the layout of their source.
#include <algorithm>

#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/register.h"
#include "runtime/onednn/window_dims.h"

namespace quant::onednn {

namespace {

class Pooling final : public FallbackKernel {
 public:
  Pooling(const Node& node, int64_t opset, KernelRegistry::Factory other, bool is_max)
      : FallbackKernel(node, opset, std::move(other)), is_max_(is_max) {}

 private:
  struct Prepared {
    Shape dst_shape;
    Primitive primitive;
  };

  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(0);
    const bool has_type = src.type() == DataType::kFloat32 || (is_max_ && isInt8(src));
    if (!has_type || src.rank() < kMinSpatialRank || src.rank() > kMaxSpatialRank || context.wants(1)) return false;
    if (!is_max_ && countsOverhang(src)) return false;
    Prepared& prepared = cache_.get(keyOf({&src}), [&] { return prepare(src); });
    Tensor& dst = context.output(0, src.type(), prepared.dst_shape, src.layout());
    prepared.primitive.run(device(), {{DNNL_ARG_SRC, src.bytes()}, {DNNL_ARG_DST, dst.bytes()}});
    return true;
  }

  [[nodiscard]] bool countsPadding() const { return node().attr("count_include_pad", int64_t{0}) != 0; }

  [[nodiscard]] reference::Window windowOver(const Tensor& src) const {
    return reference::slidingWindow(node(), src.shape(), reference::kernelShape(node(), {}));
  }

  /// Where ceil_mode makes a window reach past the padding, ONNX divides by the elements before that point, oneDNN by
  /// the whole kernel.
  [[nodiscard]] bool countsOverhang(const Tensor& src) const {
    if (!countsPadding() || node().attr("ceil_mode", int64_t{0}) == 0) return false;
    const reference::Window window = windowOver(src);
    return std::ranges::any_of(window.axes, [](const reference::WindowAxis& axis) {
      return axis.start(axis.out - 1) + axis.extent() > axis.in + axis.pad_end;
    });
  }

  [[nodiscard]] dnnl::algorithm algorithm() const {
    if (is_max_) return dnnl::algorithm::pooling_max;
    return countsPadding() ? dnnl::algorithm::pooling_avg_include_padding
                           : dnnl::algorithm::pooling_avg_exclude_padding;
  }

  Prepared prepare(const Tensor& src) {
    const reference::Window window = windowOver(src);
    const WindowDims dims = slidingDims(window);
    Shape dst_shape = window.outShape(src.shape()[0], src.shape()[1]);
    const memory::desc src_desc = describe(src), dst_desc = describe(src.type(), dst_shape, src.layout());
    const dnnl::pooling_forward::primitive_desc descriptor(
        device().engine, dnnl::prop_kind::forward_inference, algorithm(), src_desc, dst_desc, dims.strides, dims.kernel,
        dims.gaps, dims.pads_begin, dims.pads_end, plainAttributes());
    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, src_desc, device());
    primitive.declare(DNNL_ARG_DST, dst_desc, device());
    return {std::move(dst_shape), std::move(primitive)};
  }

  bool is_max_;
  ShapeCache<Prepared> cache_;
};

}  // namespace

void registerPooling(KernelRegistry& registry) {
  putBefore<Pooling>(registry, "", "MaxPool", true);
  putBefore<Pooling>(registry, "", "AveragePool", false);
}

}  // namespace quant::onednn
