// BatchNormalization, InstanceNormalization, LRN, LpNormalization and MeanVarianceNormalization.
#include <cmath>
#include <vector>

#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/moments.h"
#include "runtime/reference/reduction_groups.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// The elements of `tensor` as double, one for each of `channels`.
std::vector<double> channelValues(const Node& node, const Tensor& tensor, int64_t channels) {
  if (tensor.elementCount() != channels) {
    throwBadInput("{} of {} channels has a parameter of shape {}", node.opType(), channels, toString(tensor.shape()));
  }
  return elementsAs<double>(tensor);
}

Tensor tensorOf(DataType type, const std::vector<double>& values) {
  Tensor tensor(type, {static_cast<int64_t>(values.size())});
  withElementType(type, kFloatTypes, "(statistic)", [&](auto example) {
    using T = decltype(example);
    std::transform(values.begin(), values.end(), tensor.data<T>().begin(), [](double x) { return elementCast<T>(x); });
  });
  return tensor;
}

/// [batch, channels, spatial] of a tensor whose axis 1 are channels; a tensor of rank 1 is one channel.
AxisView channelView(const Shape& shape) { return viewAlong(shape, 1); }

/// dst = (src - mean) / sqrt(variance + epsilon) * scale + shift, with one of each for a channel.
struct ChannelNorm {
  std::vector<double> scale, shift, mean, variance;
  double epsilon;

  template <class T>
  void apply(const T* src, T* dst, const AxisView& view) const {
#pragma omp parallel for schedule(static) if (view.outer * view.size * view.inner > kParallelGrain)
    for (int64_t plane = 0; plane < view.outer * view.size; ++plane) {
      const auto c = static_cast<size_t>(plane % view.size);
      const double factor = scale[c] / std::sqrt(variance[c] + epsilon);
      for (int64_t i = plane * view.inner; i < (plane + 1) * view.inner; ++i) {
        dst[i] = elementCast<T>((elementCast<double>(src[i]) - mean[c]) * factor + shift[c]);
      }
    }
  }
};

/// Replaces mean and variance by those of the batch; outputs 1 and 2 are the running ones.
template <class T>
void useBatchStatistics(const Node& node, const T* src, const AxisView& view, KernelContext& context,
                        ChannelNorm& norm) {
  const double momentum = node.attr("momentum", 0.9F);
  std::vector<double> running_mean = norm.mean, running_variance = norm.variance;
  for (int64_t c = 0; c < view.size; ++c) {
    const Moments moments = momentsOf(view.outer * view.inner, [&](int64_t i) {
      return elementCast<double>(src[(i / view.inner * view.size + c) * view.inner + i % view.inner]);
    });
    const auto at = static_cast<size_t>(c);
    norm.mean[at] = moments.mean;
    norm.variance[at] = moments.variance;
    running_mean[at] = running_mean[at] * momentum + moments.mean * (1 - momentum);
    running_variance[at] = running_variance[at] * momentum + moments.variance * (1 - momentum);
  }
  if (context.wants(1)) context.setOutput(1, tensorOf(context.inputAsIs(3).type(), running_mean));
  if (context.wants(2)) context.setOutput(2, tensorOf(context.inputAsIs(4).type(), running_variance));
}

void batchNormalization(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const bool training = node.attr("training_mode", int64_t{0}) != 0;
  if (!training && context.wants(1)) {
    throwUnsupported("BatchNormalization with outputs for training is run only with training_mode = 1 (opset 14)");
  }
  const AxisView view = channelView(src.shape());
  ChannelNorm norm{channelValues(node, context.input(1), view.size), channelValues(node, context.input(2), view.size),
                   channelValues(node, context.input(3), view.size), channelValues(node, context.input(4), view.size),
                   node.attr("epsilon", 1e-5F)};
  Tensor& dst = context.output(0, src.type(), src.shape());
  withElementType(src.type(), kFloatTypes, "BatchNormalization", [&](auto example) {
    using T = decltype(example);
    if (training) useBatchStatistics(node, src.data<T>().data(), view, context, norm);
    norm.apply(src.data<T>().data(), dst.data<T>().data(), view);
  });
}

void instanceNormalization(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const AxisView view = channelView(src.shape());
  const auto scale = channelValues(node, context.input(1), view.size);
  const auto shift = channelValues(node, context.input(2), view.size);
  const double epsilon = node.attr("epsilon", 1e-5F);
  Tensor& dst = context.output(0, src.type(), src.shape());
  withElementType(src.type(), kFloatTypes, "InstanceNormalization", [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const to = dst.data<T>().data();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
    for (int64_t plane = 0; plane < view.outer * view.size; ++plane) {
      const T* const x = from + plane * view.inner;
      const auto c = static_cast<size_t>(plane % view.size);
      const Moments moments = momentsOf(view.inner, [x](int64_t i) { return elementCast<double>(x[i]); });
      const double factor = scale[c] / std::sqrt(moments.variance + epsilon);
      for (int64_t i = 0; i < view.inner; ++i) {
        to[plane * view.inner + i] = elementCast<T>((elementCast<double>(x[i]) - moments.mean) * factor + shift[c]);
      }
    }
  });
}

/// y = x / (bias + alpha / size * Σ x²)^beta, the sum over `size` neighbouring channels.
void localResponse(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const AxisView view = channelView(src.shape());
  const int64_t size = node.attr("size", int64_t{0});
  if (size < 1) throwBadInput("attribute 'size' of LRN is {}", size);
  const double alpha = node.attr("alpha", 1e-4F), beta = node.attr("beta", 0.75F), bias = node.attr("bias", 1.0F);
  Tensor& dst = context.output(0, src.type(), src.shape());
  withElementType(src.type(), kFloatTypes, "LRN", [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const to = dst.data<T>().data();
#pragma omp parallel for schedule(static) if (src.elementCount() > kParallelGrain)
    for (int64_t plane = 0; plane < view.outer * view.size; ++plane) {
      const int64_t c = plane % view.size;
      const int64_t begin = std::max<int64_t>(0, c - (size - 1) / 2), end = std::min(view.size, c + size / 2 + 1);
      for (int64_t i = plane * view.inner; i < (plane + 1) * view.inner; ++i) {
        double sum = 0;
        for (int64_t other = begin; other < end; ++other) {
          const auto x = elementCast<double>(from[i + (other - c) * view.inner]);
          sum += x * x;
        }
        const double divisor = std::pow(bias + alpha / static_cast<double>(size) * sum, beta);
        to[i] = elementCast<T>(elementCast<double>(from[i]) / divisor);
      }
    }
  });
}

/// y = x / |x|_p along `axis`; a line of zeros stays zero.
void lpNormalization(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const int64_t p = node.attr("p", int64_t{2});
  if (p != 1 && p != 2) throwBadInput("attribute 'p' of LpNormalization is {} instead of 1 or 2", p);
  const AxisView view = viewAlong(src.shape(), normalizeAxis(node.attr("axis", int64_t{-1}), src.rank()));
  Tensor& dst = context.output(0, src.type(), src.shape());
  withElementType(src.type(), kFloatTypes, "LpNormalization", [&](auto example) {
    using T = decltype(example);
    const T* const from = src.data<T>().data();
    T* const to = dst.data<T>().data();
    for (int64_t line = 0; line < view.lineCount(); ++line) {
      const int64_t start = view.lineStart(line);
      double sum = 0;
      for (int64_t i = 0; i < view.size; ++i) {
        const auto x = elementCast<double>(from[start + i * view.inner]);
        sum += p == 1 ? std::abs(x) : x * x;
      }
      const double norm = sum == 0 ? 1 : p == 1 ? sum : std::sqrt(sum);
      for (int64_t i = 0; i < view.size; ++i) {
        const int64_t at = start + i * view.inner;
        to[at] = elementCast<T>(elementCast<double>(from[at]) / norm);
      }
    }
  });
}

/// y = (x - mean) / (standard deviation + 1e-9) over the attribute's axes.
void meanVarianceNormalization(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  std::vector<bool> reduced(static_cast<size_t>(src.rank()), false);
  for (const int64_t axis : node.attr("axes", std::vector<int64_t>{0, 2, 3})) {
    reduced[static_cast<size_t>(normalizeAxis(axis, src.rank()))] = true;
  }
  const ReductionGroups groups(src.shape(), reduced);
  std::vector<int64_t> offsets;
  groups.forEach([&](int64_t offset) { offsets.push_back(offset); });
  Tensor& dst = context.output(0, src.type(), src.shape());
  withElementType(src.type(), kFloatTypes, "MeanVarianceNormalization", [&](auto example) {
    using T = decltype(example);
    for (const int64_t start : groups.starts()) {
      const T* const x = src.data<T>().data() + start;
      T* const y = dst.data<T>().data() + start;
      const Moments moments = momentsOf(
          groups.groupSize(), [&](int64_t i) { return elementCast<double>(x[offsets[static_cast<size_t>(i)]]); });
      const double divisor = std::sqrt(moments.variance) + 1e-9;
      for (const int64_t at : offsets) y[at] = elementCast<T>((elementCast<double>(x[at]) - moments.mean) / divisor);
    }
  });
}

}  // namespace

void registerNormalization(KernelRegistry& registry) {
  registry.addFunction("BatchNormalization", 1, batchNormalization);
  registry.addFunction("InstanceNormalization", 1, instanceNormalization);
  registry.addFunction("LRN", 1, localResponse);
  registry.addFunction("LpNormalization", 1, lpNormalization);
  registry.addFunction("MeanVarianceNormalization", 9, meanVarianceNormalization);
}

}  // namespace quant::reference
