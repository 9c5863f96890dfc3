#include "graph/clamp.h"

#include <cmath>
#include <limits>

namespace quant {

namespace {

/// A bound of Clip: an input since opset 11, an attribute before; NaN when it is computed.
float boundOf(const Graph& graph, const Node& clip, int input, const char* attribute, float fallback) {
  if (clip.hasAttr(attribute)) return clip.attr(attribute, fallback);
  if (!clip.hasInput(input)) return fallback;
  const Tensor* bound = graph.constant(clip.input(input));
  const bool usable = bound != nullptr && bound->type() == DataType::kFloat32 && bound->elementCount() == 1;
  return usable ? bound->data<float>()[0] : std::numeric_limits<float>::quiet_NaN();
}

}  // namespace

std::optional<Range> clampOf(const Graph& graph, const Node& node) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (node.is("Relu")) return Range{0, kInfinity};
  if (!node.is("Clip")) return {};
  const Range range{boundOf(graph, node, 1, "min", -kInfinity), boundOf(graph, node, 2, "max", kInfinity)};
  if (std::isnan(range.low) || std::isnan(range.high)) return {};
  return range;
}

bool impliedBySaturation(const Range& clamp, const QuantParams& params) {
  const QuantLimits limits = storageLimits(params.storage());
  return params.quantize(clamp.low) <= limits.low && params.quantize(clamp.high) >= limits.high;
}

}  // namespace quant
