#include "runtime/onednn/convolution_shape.h"

#include <algorithm>

#include "core/error.h"

namespace quant::onednn {

namespace {

constexpr size_t kFewestAxes = 3, kMostAxes = 5;  // N, C and one to three spatial axes

int64_t groupsOf(const Node& node, int64_t channels) {
  const int64_t groups = node.attr("group", int64_t{1});
  if (groups < 1 || channels % groups != 0) throwBadInput("{} channels do not form {} groups", channels, groups);
  return groups;
}

void requireChannels(const Shape& src, const Shape& weights, int64_t channels) {
  if (src[1] == channels) return;
  throwBadInput("a source of shape {} has {} channels, but weights of shape {} expect {}", toString(src), src[1],
                toString(weights), channels);
}

/// [G, outer / G, inner, k...] for G groups, [outer, inner, k...] for one.
Shape grouped(int64_t groups, int64_t outer, int64_t inner, const Shape& kernel) {
  Shape shape = groups == 1 ? Shape{outer, inner} : Shape{groups, outer / groups, inner};
  shape.insert(shape.end(), kernel.begin(), kernel.end());
  return shape;
}

constexpr int64_t kTilePositions = 16;

/// Positions of the largest tile that divides them evenly.
int64_t tileOf(int64_t positions) {
  int64_t tile = std::min(positions, kTilePositions);
  while (tile > 1 && positions % tile != 0) --tile;
  return tile;
}

/// True where every position is computed from the same position of the source alone.
bool isPointwise(const ConvolutionShape& shape) {
  const auto all = [](const Shape& dims, int64_t value) {
    return std::ranges::all_of(dims, [value](int64_t size) { return size == value; });
  };
  const bool has_groups = shape.weights.size() > shape.src.size();
  return !has_groups && elementCount(shape.weights) == shape.weights[0] * shape.weights[1] &&
         all(shape.window.strides, 1) && all(shape.window.pads_begin, 0) && all(shape.window.pads_end, 0);
}

}  // namespace

ConvolutionShape withoutThreeTiles(ConvolutionShape shape) {
  const int64_t positions = elementCount(shape.dst) / std::max<int64_t>(shape.dst[0] * shape.dst[1], 1);
  if (positions == 0 || positions != 3 * tileOf(positions) || !isPointwise(shape)) return shape;
  for (Shape* side : {&shape.src, &shape.dst}) {
    const int64_t pictures = 3 * (*side)[0], channels = (*side)[1];
    *side = Shape(side->size(), 1);
    (*side)[0] = pictures;
    (*side)[1] = channels;
    side->back() = positions / 3;
  }
  return shape;
}

bool isConvolution(const Tensor& src, const Tensor& weights) {
  const size_t rank = src.shape().size();
  return rank >= kFewestAxes && rank <= kMostAxes && weights.shape().size() == rank;
}

ConvolutionShape convolutionShape(const Node& node, const Shape& src, const Shape& weights) {
  const int64_t groups = groupsOf(node, weights[0]);
  requireChannels(src, weights, weights[1] * groups);
  const Shape kernel = reference::kernelShape(node, weights);
  const reference::Window window = reference::slidingWindow(node, src, kernel);
  return {src, grouped(groups, weights[0], weights[1], kernel), window.outShape(src[0], weights[0]),
          slidingDims(window)};
}

ConvolutionShape transposedShape(const Node& node, const Shape& src, const Shape& weights) {
  const int64_t groups = groupsOf(node, weights[0]);
  requireChannels(src, weights, weights[0]);
  const Shape kernel = reference::kernelShape(node, weights);
  const reference::Window window = reference::transposedWindow(node, src, kernel);
  const int64_t channels = weights[1] * groups;
  return {src, grouped(groups, channels, weights[0] / groups, kernel), window.outShape(src[0], channels),
          transposedDims(window)};
}

ConvolutionShape productShape(int64_t rows, int64_t depth, int64_t columns) {
  return {{1, depth, 1, rows}, {columns, depth, 1, 1}, {1, columns, 1, rows}, {{1, 1}, {1, 1}, {0, 0}, {0, 0}, {0, 0}}};
}

void requireBiasShape(const Tensor* bias, const Shape& dst) {
  if (bias != nullptr && bias->shape() != Shape{dst[1]}) {
    throwBadInput("a bias of shape {} for {} output channels", toString(bias->shape()), dst[1]);
  }
}

void requireResidualShape(const Shape& residual, const Shape& dst) {
  if (residual != dst) {
    throwBadInput("a residual of shape {} is added to a result of shape {}", toString(residual), toString(dst));
  }
}

}  // namespace quant::onednn
