#include "quantizer/input_means.h"

#include <utility>

#include "runtime/reference/window.h"

namespace quant {

namespace {

/// The channels of what a node with weights reads. A ConvTranspose's are left out: which of its weights meet in an
/// output depends on where it lies.
std::optional<int64_t> inputChannelAxis(const Node& node) {
  if (node.is("Conv") || node.is("Gemm")) return 1;
  if (node.is("MatMul")) return -1;
  return {};
}

/// Of the outputs along one axis, the share for which each position of the kernel lies over the input.
std::vector<float> sharesAlong(const reference::WindowAxis& axis) {
  std::vector<float> shares(static_cast<size_t>(axis.kernel), 0.0F);
  for (int64_t out = 0; out < axis.out; ++out) {
    for (int64_t k = axis.first(out); k < axis.last(out); ++k) shares[static_cast<size_t>(k)] += 1;
  }
  for (float& share : shares) share /= static_cast<float>(axis.out);
  return shares;
}

/// The same for each position of the window; all 1 where sizes are unknown.
std::vector<float> sharesOverInput(const Graph& graph, const Node& node, size_t positions) {
  std::vector<float> all(positions, 1.0F);
  const auto src = graph.valueType(node.input(0));
  if (!node.is("Conv") || !src || !src->shape || src->shape->size() > 5) return all;
  Shape sizes = *src->shape;
  sizes[0] = 1;  // often open, and of no matter
  for (const int64_t size : sizes) {
    if (size < 1) return all;
  }
  const Shape kernel = reference::kernelShape(node, graph.constant(node.input(1))->shape());
  const reference::Window window = reference::slidingWindow(node, sizes, kernel);
  const auto depth = sharesAlong(window.depth()), height = sharesAlong(window.height()),
             width = sharesAlong(window.width());
  for (size_t i = 0; i < positions; ++i) {
    all[i] =
        depth[i / width.size() / height.size()] * height[i / width.size() % height.size()] * width[i % width.size()];
  }
  return all;
}

}  // namespace

std::map<std::string, int64_t> meansList(const Graph& graph, const Placement& placement) {
  std::map<std::string, int64_t> axes;
  for (const auto& [output, input] : placement.weights) {
    const Node& node = *graph.producer(output);
    if (const auto axis = inputChannelAxis(node)) axes.emplace(node.input(0), *axis);
  }
  return axes;
}

std::optional<InputMeans> InputMeans::find(const Graph& graph, const Node& node, const WeightRows& rows,
                                           const RangeTable& ranges) {
  const auto entry = ranges.values.find(node.input(0));
  const auto axis = inputChannelAxis(node);
  if (entry == ranges.values.end() || !axis || entry->second.channel_axis != *axis) return {};
  if (entry->second.channel_means.size() != rows.inputChannels()) return {};
  return InputMeans(rows, entry->second.channel_means, sharesOverInput(graph, node, rows.positions()));
}

InputMeans::InputMeans(WeightRows rows, std::vector<float> channels, std::vector<float> shares)
    : rows_(std::move(rows)), channels_(std::move(channels)), shares_(std::move(shares)) {}

std::vector<float> InputMeans::ofRow(size_t row) const {
  std::vector<float> means;
  means.reserve(rows_.length());
  const size_t first = rows_.firstInputChannel(row);
  for (size_t position = 0; position < rows_.positions(); ++position) {
    for (size_t input = 0; input < rows_.inputs(); ++input) {
      means.push_back(channels_[first + input] * shares_[position]);
    }
  }
  return means;
}

}  // namespace quant
