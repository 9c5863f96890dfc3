#include <cmath>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/convert_element.h"
#include "runtime/ops/register.h"

namespace quant {

namespace {

enum class Sampling { kNearest, kLinear, kCubic };
enum class Outside { kZeros, kBorder, kReflection };

struct GridRules {
  Sampling sampling;
  Outside outside;
  bool align_corners;
};

GridRules rulesOf(const Node& node) {
  const std::string mode = node.attr("mode", "linear"), outside = node.attr("padding_mode", "zeros");
  GridRules rules{Sampling::kLinear, Outside::kZeros, node.attr("align_corners", int64_t{0}) != 0};
  if (mode == "nearest") {
    rules.sampling = Sampling::kNearest;
  } else if (mode == "cubic" || mode == "bicubic") {
    rules.sampling = Sampling::kCubic;
  } else if (mode != "linear" && mode != "bilinear") {
    throwBadInput("GridSample with mode '{}'", mode);
  }
  if (outside == "border") {
    rules.outside = Outside::kBorder;
  } else if (outside == "reflection") {
    rules.outside = Outside::kReflection;
  } else if (outside != "zeros") {
    throwBadInput("GridSample with padding_mode '{}'", outside);
  }
  return rules;
}

/// Source pixels along one axis and their weights.
struct AxisTaps {
  int count = 0;
  int64_t index[4];
  float weight[4];
};

/// Mirrors `x` at the borders until it lies between them.
float reflect(float x, float low, float high) {
  const float range = high - low;
  if (range <= 0) return low;
  const float distance = x < low ? low - x : x - low;
  const float turns = std::floor(distance / range), rest = distance - turns * range;
  return std::fmod(turns, 2.0F) == 0 ? low + rest : high - rest;
}

void addTap(AxisTaps& taps, const GridRules& rules, int64_t position, int64_t size, float weight) {
  if (position < 0 || position >= size) {
    if (rules.outside == Outside::kZeros) return;
    if (rules.outside == Outside::kReflection) {
      const float low = rules.align_corners ? 0 : -0.5F, high = static_cast<float>(size - 1) - low;
      position = static_cast<int64_t>(reflect(static_cast<float>(position), low, high));
    }
    position = std::clamp(position, int64_t{0}, size - 1);
  }
  taps.index[taps.count] = position;
  taps.weight[taps.count++] = weight;
}

/// Keys' cubic convolution kernel with a = -0.75.
float cubic(float distance) {
  constexpr float kA = -0.75F;
  const float x = std::abs(distance);
  return x <= 1 ? ((kA + 2) * x - (kA + 3)) * x * x + 1 : kA * (((x - 5) * x + 8) * x - 4);
}

/// `normalized` is -1 at one end of the axis and 1 at the other.
AxisTaps tapsFor(const GridRules& rules, float normalized, int64_t size) {
  const auto length = static_cast<float>(size);
  float x = rules.align_corners ? (normalized + 1) / 2 * (length - 1) : ((normalized + 1) * length - 1) / 2;
  if (rules.sampling == Sampling::kNearest) x = std::nearbyint(x);
  const float low = rules.align_corners ? 0 : -0.5F, high = length - 1 - low;
  if (!(x >= low && x <= high)) {
    // The cubic filter still sees how far out the point lies; there, only its taps are moved to the border.
    const bool moves = rules.outside == Outside::kBorder && rules.sampling != Sampling::kCubic;
    if (moves) x = std::isnan(x) ? 0 : std::clamp(x, 0.0F, length - 1);
    if (rules.outside == Outside::kReflection) x = reflect(x, low, high);
  }
  AxisTaps taps;
  if (!(std::abs(x) < 1e9F)) return taps;  // so far outside (or NaN) that only zeros are there
  const float base = std::floor(x), fraction = x - base;
  const auto first = static_cast<int64_t>(base);
  switch (rules.sampling) {
    case Sampling::kNearest: addTap(taps, rules, static_cast<int64_t>(x), size, 1); break;
    case Sampling::kLinear:
      addTap(taps, rules, first, size, 1 - fraction);
      addTap(taps, rules, first + 1, size, fraction);
      break;
    case Sampling::kCubic:
      for (int t = -1; t <= 2; ++t) addTap(taps, rules, first + t, size, cubic(static_cast<float>(t) - fraction));
      break;
  }
  return taps;
}

/// One pixel of an image and its share of a sample.
struct Tap {
  int64_t offset;
  float weight;
};

/// The taps of all axes, combined. The grid names the innermost axis first.
template <class G>
void combineTaps(const GridRules& rules, const G* point, const Shape& sizes, std::vector<Tap>& taps) {
  taps.assign(1, {0, 1});
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    const AxisTaps along = tapsFor(rules, elementCast<float>(point[sizes.size() - 1 - axis]), sizes[axis]);
    std::vector<Tap> next;
    for (const Tap& tap : taps) {
      for (int i = 0; i < along.count; ++i) {
        next.push_back({tap.offset * sizes[axis] + along.index[i], tap.weight * along.weight[i]});
      }
    }
    taps = std::move(next);
  }
}

template <class T, class G>
void sampleAll(const GridRules& rules, const Tensor& src, const Tensor& grid, Tensor& dst) {
  const Shape sizes(src.shape().begin() + 2, src.shape().end());
  const int64_t batches = src.shape()[0], channels = src.shape()[1], pixels = elementCount(sizes);
  const int64_t points = grid.elementCount() / std::max<int64_t>(batches, 1) / grid.shape().back();
  const T* const from = src.data<T>().data();
  const G* const where = grid.data<G>().data();
  T* const to = dst.data<T>().data();
#pragma omp parallel for schedule(static) if (dst.elementCount() > kParallelGrain)
  for (int64_t i = 0; i < batches * points; ++i) {
    std::vector<Tap> taps;
    combineTaps(rules, where + i * grid.shape().back(), sizes, taps);
    const int64_t batch = i / points, point = i % points;
    for (int64_t c = batch * channels; c < (batch + 1) * channels; ++c) {
      double sum = 0;
      for (const Tap& tap : taps) {
        sum += static_cast<double>(tap.weight) * elementCast<double>(from[c * pixels + tap.offset]);
      }
      to[c * points + point] = convertElement<T>(sum);
    }
  }
}

void gridSample(const Node& node, KernelContext& context) {
  const Tensor &src = context.input(0), &grid = context.input(1);
  const bool fits = src.rank() >= 3 && grid.rank() == src.rank() && grid.shape()[0] == src.shape()[0] &&
                    grid.shape().back() == src.rank() - 2;
  if (!fits) throwBadInput("GridSample of {} with a grid of {}", toString(src.shape()), toString(grid.shape()));
  Shape shape{src.shape()[0], src.shape()[1]};
  shape.insert(shape.end(), grid.shape().begin() + 1, grid.shape().end() - 1);
  Tensor& dst = context.output(0, src.type(), std::move(shape));
  withElementType(src.type(), kNumericTypes, "GridSample", [&](auto element) {
    withElementType(grid.type(), kFloatTypes, "GridSample", [&](auto coordinate) {
      sampleAll<decltype(element), decltype(coordinate)>(rulesOf(node), src, grid, dst);
    });
  });
}

}  // namespace

void registerGridSampleOps(KernelRegistry& registry) { registry.addFunction("GridSample", 16, gridSample); }

}  // namespace quant
