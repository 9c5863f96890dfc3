// RMSNormalization, InstanceNormalization and GroupNormalization in float: every line of neighbouring elements is
// shifted and scaled to a mean of 0 and a variance of 1, or only scaled. oneDNN has primitives for none of them.
#include <algorithm>
#include <cmath>

#include "core/for_each_cpu.h"
#include "runtime/broadcast.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

/// Sums are kept in float, side by side, for this many elements at a time, and in double over those.
constexpr int64_t kBlock = 1024;
constexpr int64_t kSideBySide = 16;

/// The sums of x - center and of its square over at most kBlock elements.
QUANTIZE_FOR_EACH_CPU void addUp(const float* x, int64_t count, float center, float* sum, float* squares) {
  float sums[kSideBySide] = {}, products[kSideBySide] = {};
  int64_t i = 0;
  for (; i + kSideBySide <= count; i += kSideBySide) {
    for (int64_t k = 0; k < kSideBySide; ++k) {
      const float d = x[i + k] - center;
      sums[k] += d;
      products[k] += d * d;
    }
  }
  for (; i < count; ++i) {
    const float d = x[i] - center;
    sums[0] += d;
    products[0] += d * d;
  }
  for (int64_t k = 0; k < kSideBySide; ++k) {
    *sum += sums[k];
    *squares += products[k];
  }
}

struct Means {
  double value = 0, square = 0;
};

Means meansOf(const float* x, int64_t count, float center) {
  Means means;
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    float sum = 0, squares = 0;
    addUp(x + begin, std::min(kBlock, count - begin), center, &sum, &squares);
    means.value += sum;
    means.square += squares;
  }
  return {means.value / static_cast<double>(count), means.square / static_cast<double>(count)};
}

/// (x - mean) * factor.
struct LineMap {
  float mean, factor;
};

LineMap centered(const float* x, int64_t count, double epsilon) {
  const auto mean = static_cast<float>(meansOf(x, count, 0).value);
  const Means rest = meansOf(x, count, mean);
  return {mean, static_cast<float>(1 / std::sqrt(rest.square - rest.value * rest.value + epsilon))};
}

LineMap scaled(const float* x, int64_t count, double epsilon) {
  return {0, static_cast<float>(1 / std::sqrt(meansOf(x, count, 0).square + epsilon))};
}

QUANTIZE_FOR_EACH_CPU void mapWithScales(const float* x, float* y, int64_t count, float factor, const float* scales) {
  for (int64_t i = 0; i < count; ++i) y[i] = x[i] * factor * scales[i];
}

QUANTIZE_FOR_EACH_CPU void mapPlane(const float* x, float* y, int64_t count, float mean, float factor, float shift) {
  for (int64_t i = 0; i < count; ++i) y[i] = (x[i] - mean) * factor + shift;
}

bool areFloat(const KernelContext& context) {
  for (size_t i = 0; i < context.inputCount(); ++i) {
    if (context.has(i) && context.inputAsIs(i).type() != DataType::kFloat32) return false;
  }
  return true;
}

/// Over all axes from `axis` on, with a scale for each of their elements.
class RmsNormalization final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  bool tryRun(KernelContext& context) override {
    if (!areFloat(context) || context.wants(1)) return false;
    const Tensor& src = context.input(0);
    const Tensor& scale = context.input(1);
    const auto axis = static_cast<std::ptrdiff_t>(normalizeAxis(node().attr("axis", int64_t{-1}), src.rank()));
    if (scale.shape() != Shape(src.shape().begin() + axis, src.shape().end())) return false;
    const int64_t size = scale.elementCount(), rows = src.elementCount() / size;
    const double epsilon = node().attr("epsilon", 1e-5F);
    Tensor& dst = context.output(0, DataType::kFloat32, src.shape());
    const float *const from = src.data<float>().data(), *const scales = scale.data<float>().data();
    float* const to = dst.data<float>().data();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
    for (int64_t row = 0; row < rows; ++row) {
      const float* const x = from + row * size;
      mapWithScales(x, to + row * size, size, scaled(x, size, epsilon).factor, scales);
    }
    return true;
  }
};

/// Channels in groups: each group of a sample is a line, each channel has a scale and a shift.
class GroupedChannels final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  bool tryRun(KernelContext& context) override {
    if (!areFloat(context) || context.inputAsIs(0).rank() < 3) return false;
    const Tensor& src = context.input(0);
    const int64_t channels = src.shape()[1];
    const int64_t groups = node().is("InstanceNormalization") ? channels : node().attr("num_groups", int64_t{0});
    if (groups < 1 || channels % groups != 0) return false;
    for (const size_t parameter : {size_t{1}, size_t{2}}) {  // before opset 21 a group, not a channel, has them
      if (context.inputAsIs(parameter).elementCount() != channels) return false;
    }
    normalize(src, context.input(1), context.input(2), groups, context.output(0, DataType::kFloat32, src.shape()));
    return true;
  }

  void normalize(const Tensor& src, const Tensor& scale, const Tensor& shift, int64_t groups, Tensor& dst) const {
    const double epsilon = node().attr("epsilon", 1e-5F);
    const int64_t channels = src.shape()[1], per_group = channels / groups, lines = src.shape()[0] * groups;
    const int64_t plane = src.elementCount() / src.shape()[0] / channels;
    const float *const scales = scale.data<float>().data(), *const shifts = shift.data<float>().data();
    const float* const from = src.data<float>().data();
    float* const to = dst.data<float>().data();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
    for (int64_t line = 0; line < lines; ++line) {
      const int64_t start = line * per_group * plane;
      const LineMap map = centered(from + start, per_group * plane, epsilon);
      for (int64_t i = 0; i < per_group; ++i) {
        const int64_t channel = line % groups * per_group + i, at = start + i * plane;
        mapPlane(from + at, to + at, plane, map.mean, map.factor * scales[channel], shifts[channel]);
      }
    }
  }
};

}  // namespace

void registerLineNormalization(KernelRegistry& registry) {
  putBefore<RmsNormalization>(registry, "", "RMSNormalization");
  for (const char* domain : {"", "com.microsoft"}) {
    putBefore<RmsNormalization>(registry, domain, "SimplifiedLayerNormalization");
  }
  putBefore<GroupedChannels>(registry, "", "InstanceNormalization");
  putBefore<GroupedChannels>(registry, "", "GroupNormalization");
}

}  // namespace quant::onednn
