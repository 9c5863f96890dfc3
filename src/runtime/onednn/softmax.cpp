// Softmax and LogSoftmax in float. Before opset 13 they work on all axes from `axis` on as if they were one; from then
// on along `axis` alone.
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/memory_order.h"
#include "runtime/onednn/register.h"
#include "runtime/reference/axis_view.h"

namespace quant::onednn {

namespace {

constexpr int64_t kOneAxisOpset = 13;

class Softmax final : public FallbackKernel {
 public:
  Softmax(const Node& node, int64_t opset, KernelRegistry::Factory other, dnnl::algorithm algorithm)
      : FallbackKernel(node, opset, std::move(other)), algorithm_(algorithm) {}

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& as_is = context.inputAsIs(0);
    if (as_is.type() != DataType::kFloat32 || as_is.rank() == 0) return false;
    const Layout layout = opset() >= kOneAxisOpset ? as_is.layout() : Layout::kPlain;
    const Tensor& src = context.inputAs(0, layout);
    const reference::AxisView view = viewOf(src);
    Primitive& primitive = cache_.get({view.outer, view.size, view.inner}, [&] { return prepare(view); });
    Tensor& dst = context.output(0, DataType::kFloat32, src.shape(), layout);
    primitive.run(device(), {{DNNL_ARG_SRC, src.bytes()}, {DNNL_ARG_DST, dst.bytes()}});
    return true;
  }

  [[nodiscard]] reference::AxisView viewOf(const Tensor& src) const {
    const int64_t rank = src.rank();
    if (opset() < kOneAxisOpset) {
      const int64_t axis = node().attr("axis", int64_t{1});
      return reference::viewAlong(src.shape(), axis == rank ? rank : normalizeAxis(axis, rank), rank);
    }
    const int64_t axis = normalizeAxis(node().attr("axis", int64_t{-1}), rank);
    return reference::viewAlong(memoryShape(src.shape(), src.layout()), memoryAxis(axis, rank, src.layout()));
  }

  Primitive prepare(const reference::AxisView& view) {
    const memory::desc desc = view.inner == 1 ? describe(DataType::kFloat32, {view.outer, view.size})
                                              : describe(DataType::kFloat32, {view.outer, view.size, view.inner});
    const dnnl::softmax_forward::primitive_desc descriptor(device().engine, dnnl::prop_kind::forward_inference,
                                                           algorithm_, desc, desc, 1, plainAttributes());
    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, desc, device());
    primitive.declare(DNNL_ARG_DST, desc, device());
    return primitive;
  }

  dnnl::algorithm algorithm_;
  ShapeCache<Primitive> cache_;
};

}  // namespace

void registerSoftmax(KernelRegistry& registry) {
  putBefore<Softmax>(registry, "", "Softmax", dnnl::algorithm::softmax_accurate);
  putBefore<Softmax>(registry, "", "LogSoftmax", dnnl::algorithm::softmax_log);
}

}  // namespace quant::onednn
