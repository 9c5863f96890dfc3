// Resize of channels-last tensors, where oneDNN's resampling means the same: whole factors for nearest, half-pixel
// coordinates for linear. Everything else is turned row-major for the general kernel.
#include <algorithm>
#include <optional>
#include <string>

#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

constexpr int64_t kModesOpset = 11;  // before, Resize knew only a mode and meant asymmetric coordinates

class Resize final : public FallbackKernel {
 public:
  Resize(const Node& node, int64_t opset, KernelRegistry::Factory other)
      : FallbackKernel(node, opset, std::move(other)),
        mode_(node.attr("mode", "nearest")),
        coordinates_(node.attr("coordinate_transformation_mode", "half_pixel")),
        rounding_(node.attr("nearest_mode", "round_prefer_floor")) {}

 private:
  static constexpr size_t kSrc = 0, kScales = 2, kSizes = 3;

  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(kSrc);
    if (src.layout() != Layout::kChannelsLast || opset() < kModesOpset || hasRareAttributes()) return false;
    const auto dst_shape = resizedShape(context, src.shape());
    if (!dst_shape || !means(src, *dst_shape)) return false;
    Primitive& primitive = cache_.get(keyWith(src, *dst_shape), [&] { return prepare(src, *dst_shape); });
    Tensor& dst = context.output(0, src.type(), *dst_shape, Layout::kChannelsLast);
    primitive.run(device(), {{DNNL_ARG_SRC, src.bytes()}, {DNNL_ARG_DST, dst.bytes()}});
    return true;
  }

  [[nodiscard]] bool hasRareAttributes() const {
    return node().hasAttr("axes") || node().attr("antialias", int64_t{0}) != 0 ||
           node().attr("keep_aspect_ratio_policy", "stretch") != "stretch";
  }

  /// Nothing when N or C change, or a factor is not exactly the ratio of the sizes.
  static std::optional<Shape> resizedShape(KernelContext& context, const Shape& src) {
    Shape dst = src;
    if (context.has(kSizes) && context.inputAsIs(kSizes).elementCount() > 0) {
      const auto sizes = context.input(kSizes).data<int64_t>();
      if (sizes.size() != src.size()) return {};
      dst.assign(sizes.begin(), sizes.end());
    } else if (context.has(kScales) && context.inputAsIs(kScales).type() == DataType::kFloat32) {
      const auto scales = context.input(kScales).data<float>();
      if (scales.size() != src.size()) return {};
      for (size_t i = 0; i < src.size(); ++i) {
        dst[i] = static_cast<int64_t>(static_cast<float>(src[i]) * scales[i]);
        if (static_cast<float>(dst[i]) != static_cast<float>(src[i]) * scales[i]) return {};
      }
    } else {
      return {};
    }
    const bool has_elements = std::ranges::all_of(dst, [](int64_t size) { return size > 0; });
    return has_elements && dst[0] == src[0] && dst[1] == src[1] ? std::optional(dst) : std::nullopt;
  }

  /// True when oneDNN's resampling gives what the attributes ask for.
  [[nodiscard]] bool means(const Tensor& src, const Shape& dst) const {
    if (mode_ == "nearest") {
      const bool has_type = src.type() == DataType::kFloat32 || isInt8(src);
      const bool has_mode =
          coordinates_ == "asymmetric" ? rounding_ == "floor" : areHalfPixels() && rounding_.starts_with("round");
      return has_type && has_mode && growsByWholeFactors(src.shape(), dst);
    }
    const bool is_linear = mode_ == "linear" && src.type() == DataType::kFloat32;
    if (!is_linear || !areHalfPixels()) return false;
    return coordinates_ == "half_pixel" || std::ranges::all_of(spatialOf(dst), [](int64_t size) { return size > 1; });
  }

  [[nodiscard]] bool areHalfPixels() const {
    return coordinates_ == "half_pixel" || coordinates_ == "pytorch_half_pixel";
  }

  static Shape spatialOf(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

  static bool growsByWholeFactors(const Shape& src, const Shape& dst) {
    for (size_t i = 2; i < src.size(); ++i) {
      if (dst[i] % src[i] != 0) return false;
    }
    return true;
  }

  static ShapeKey keyWith(const Tensor& src, const Shape& dst) {
    ShapeKey key = keyOf({&src});
    key.append(dst.begin(), dst.end());
    return key;
  }

  Primitive prepare(const Tensor& src, const Shape& dst_shape) {
    const memory::desc src_desc = describe(src), dst = describe(src.type(), dst_shape, Layout::kChannelsLast);
    const auto algorithm =
        mode_ == "nearest" ? dnnl::algorithm::resampling_nearest : dnnl::algorithm::resampling_linear;
    const dnnl::resampling_forward::primitive_desc descriptor(device().engine, dnnl::prop_kind::forward_inference,
                                                              algorithm, src_desc, dst, plainAttributes());
    Primitive primitive(device(), descriptor);
    primitive.declare(DNNL_ARG_SRC, src_desc, device());
    primitive.declare(DNNL_ARG_DST, dst, device());
    return primitive;
  }

  std::string mode_, coordinates_, rounding_;
  ShapeCache<Primitive> cache_;
};

}  // namespace

void registerResize(KernelRegistry& registry) { putBefore<Resize>(registry, "", "Resize"); }

}  // namespace quant::onednn
