// BatchNormalization, LayerNormalization and LRN in float.
#include <algorithm>
#include <cmath>

#include "runtime/broadcast.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

bool areFloat(const KernelContext& context) {
  for (size_t i = 0; i < context.inputCount(); ++i) {
    if (context.has(i) && context.inputAsIs(i).type() != DataType::kFloat32) return false;
  }
  return true;
}

/// y = (x - mean) * factor + shift, one of each for a channel.
struct ChannelMap {
  std::vector<float> mean, factor, shift;

  void applyRows(const float* src, float* dst, int64_t rows) const {
    const auto channels = static_cast<int64_t>(mean.size());
    const float *const m = mean.data(), *const f = factor.data(), *const s = shift.data();
#pragma omp parallel for schedule(static) if (rows * channels > kParallelGrain)
    for (int64_t row = 0; row < rows; ++row) {
      const float* const x = src + row * channels;
      float* const y = dst + row * channels;
      for (int64_t c = 0; c < channels; ++c) y[c] = (x[c] - m[c]) * f[c] + s[c];
    }
  }

  void applyPlanes(const float* src, float* dst, int64_t planes, int64_t size) const {
#pragma omp parallel for schedule(static) if (planes * size > kParallelGrain)
    for (int64_t plane = 0; plane < planes; ++plane) {
      const auto c = static_cast<size_t>(plane) % mean.size();
      const float m = mean[c], f = factor[c], s = shift[c];
      for (int64_t i = plane * size; i < (plane + 1) * size; ++i) dst[i] = (src[i] - m) * f + s;
    }
  }
};

/// With the statistics of training, given as inputs.
class BatchNormalization final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  static constexpr size_t kSrc = 0, kScale = 1, kShift = 2, kMean = 3, kVariance = 4;

  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(kSrc);
    const bool trains = node().attr("training_mode", int64_t{0}) != 0;
    if (!areFloat(context) || src.rank() < 2 || trains || context.wants(1)) return false;
    if (!fitsChannels(context, src.shape()[1])) return false;
    const ChannelMap map = channelMap(context);
    Tensor& dst = context.output(0, DataType::kFloat32, src.shape(), src.layout());
    const float* const from = src.data<float>().data();
    float* const to = dst.data<float>().data();
    const int64_t planes = src.shape()[0] * src.shape()[1];
    if (src.layout() == Layout::kChannelsLast)
      map.applyRows(from, to, src.elementCount() / src.shape()[1]);
    else
      map.applyPlanes(from, to, planes, src.elementCount() / planes);
    return true;
  }

  static bool fitsChannels(const KernelContext& context, int64_t channels) {
    for (const size_t i : {kScale, kShift, kMean, kVariance}) {
      if (context.inputAsIs(i).elementCount() != channels) return false;
    }
    return true;
  }

  [[nodiscard]] ChannelMap channelMap(KernelContext& context) const {
    const auto values = [&](size_t i) {
      const auto data = context.input(i).data<float>();
      return std::vector<float>(data.begin(), data.end());
    };
    ChannelMap map{values(kMean), values(kScale), values(kShift)};
    const auto variance = context.input(kVariance).data<float>();
    const double epsilon = node().attr("epsilon", 1e-5F);
    for (size_t c = 0; c < map.factor.size(); ++c) {
      map.factor[c] = static_cast<float>(map.factor[c] / std::sqrt(static_cast<double>(variance[c]) + epsilon));
    }
    return map;
  }
};

/// Over all axes from `axis` on, with a scale (and shift) for each of their elements.
class LayerNormalization final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  static constexpr size_t kSrc = 0, kScale = 1, kShift = 2;

  bool tryRun(KernelContext& context) override {
    if (!areFloat(context) || context.wants(1) || context.wants(2)) return false;
    const Tensor& src = context.input(kSrc);
    const auto axis = static_cast<std::ptrdiff_t>(normalizeAxis(node().attr("axis", int64_t{-1}), src.rank()));
    const Shape normalized(src.shape().begin() + axis, src.shape().end());
    const Tensor& scale = context.input(kScale);
    const Tensor* shift = context.optionalInput(kShift);
    if (scale.shape() != normalized || (shift != nullptr && shift->shape() != normalized)) return false;

    const int64_t size = elementCount(normalized), rows = src.elementCount() / size;
    Primitive& primitive = cache_.get({rows, size}, [&] { return prepare(rows, size, shift != nullptr); });
    Tensor& dst = context.output(0, DataType::kFloat32, src.shape());
    if (shift != nullptr) primitive.set(DNNL_ARG_SHIFT, shift->bytes());
    primitive.run(device(),
                  {{DNNL_ARG_SRC, src.bytes()}, {DNNL_ARG_DST, dst.bytes()}, {DNNL_ARG_SCALE, scale.bytes()}});
    return true;
  }

  Primitive prepare(int64_t rows, int64_t size, bool has_shift) {
    using dnnl::normalization_flags;
    const memory::desc desc = describe(DataType::kFloat32, {rows, size}), line = describe(DataType::kFloat32, {size});
    const auto flags =
        has_shift ? normalization_flags::use_scale | normalization_flags::use_shift : normalization_flags::use_scale;
    const dnnl::layer_normalization_forward::primitive_desc descriptor(
        device().engine, dnnl::prop_kind::forward_inference, desc, desc, node().attr("epsilon", 1e-5F), flags,
        plainAttributes());
    Primitive primitive(device(), descriptor);
    for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_DST}) primitive.declare(argument, desc, device());
    primitive.declare(DNNL_ARG_SCALE, line, device());
    if (has_shift) primitive.declare(DNNL_ARG_SHIFT, line, device());
    return primitive;
  }

  ShapeCache<Primitive> cache_;
};

class LocalResponse final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  bool tryRun(KernelContext& context) override {
    const Tensor& src = context.inputAsIs(0);
    // A window with an even size has no middle: oneDNN and ONNX do not mean the same by it.
    const bool has_middle = node().attr("size", int64_t{0}) % 2 == 1;
    if (!areFloat(context) || !has_middle || src.rank() < kMinSpatialRank || src.rank() > kMaxSpatialRank) return false;
    Primitive& primitive = cache_.get(keyOf({&src}), [&] { return prepare(src); });
    Tensor& dst = context.output(0, DataType::kFloat32, src.shape(), src.layout());
    primitive.run(device(), {{DNNL_ARG_SRC, src.bytes()}, {DNNL_ARG_DST, dst.bytes()}});
    return true;
  }

  Primitive prepare(const Tensor& src) {
    const memory::desc desc = describe(src);
    const dnnl::lrn_forward::primitive_desc descriptor(
        device().engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::lrn_across_channels, desc, desc,
        node().attr("size", int64_t{0}), node().attr("alpha", 1e-4F), node().attr("beta", 0.75F),
        node().attr("bias", 1.0F), plainAttributes());
    Primitive primitive(device(), descriptor);
    for (const int argument : {DNNL_ARG_SRC, DNNL_ARG_DST}) primitive.declare(argument, desc, device());
    return primitive;
  }

  ShapeCache<Primitive> cache_;
};

}  // namespace

void registerNormalization(KernelRegistry& registry) {
  putBefore<BatchNormalization>(registry, "", "BatchNormalization");
  putBefore<LayerNormalization>(registry, "", "LayerNormalization");
  putBefore<LocalResponse>(registry, "", "LRN");
}

}  // namespace quant::onednn
