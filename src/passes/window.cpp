#include "passes/window.h"

#include <algorithm>

namespace quant {

namespace {

/// For Conv the attribute may be left out: the weights say it.
std::vector<int64_t> kernelShape(const Graph& graph, const Node& node) {
  auto sizes = node.attr("kernel_shape", std::vector<int64_t>());
  if (!sizes.empty() || !node.is("Conv")) return sizes;
  const auto weights = graph.valueType(node.input(1));
  if (weights && weights->isStatic() && weights->shape->size() > 2) {
    sizes.assign(weights->shape->begin() + 2, weights->shape->end());
  }
  return sizes;
}

/// The padding that makes an output of ceil(size / stride) elements; nothing when it depends on an unknown size.
std::optional<int64_t> samePadding(int64_t size, int64_t window, int64_t stride) {
  if (stride == 1) return std::max<int64_t>(window - 1, 0);
  if (size < 0) return {};
  const int64_t out = (size + stride - 1) / stride;
  return std::max<int64_t>((out - 1) * stride + window - size, 0);
}

bool resolveSame(const Graph& graph, const Node& node, bool extra_at_end, Window& window) {
  const auto type = graph.valueType(node.input(0));
  for (size_t i = 0; i < window.size.size(); ++i) {
    const bool is_known = type && type->shape && type->shape->size() == window.size.size() + 2;
    const int64_t size = is_known ? (*type->shape)[i + 2] : -1;
    const int64_t reach = (window.size[i] - 1) * window.dilations[i] + 1;
    const auto total = samePadding(size, reach, window.strides[i]);
    if (!total) return false;
    const int64_t half = *total / 2;
    window.begin[i] = extra_at_end ? half : *total - half;
    window.end[i] = *total - window.begin[i];
  }
  return true;
}

}  // namespace

std::optional<Window> windowOf(const Graph& graph, const Node& node) {
  Window window;
  window.size = kernelShape(graph, node);
  const size_t rank = window.size.size();
  window.strides = node.attr("strides", std::vector<int64_t>(rank, 1));
  window.dilations = node.attr("dilations", std::vector<int64_t>(rank, 1));
  const auto pads = node.attr("pads", std::vector<int64_t>(2 * rank, 0));
  if (rank == 0 || window.strides.size() != rank || window.dilations.size() != rank || pads.size() != 2 * rank)
    return {};
  const auto middle = pads.begin() + static_cast<int64_t>(rank);
  window.begin.assign(pads.begin(), middle);
  window.end.assign(middle, pads.end());

  const std::string auto_pad = node.attr("auto_pad", "NOTSET");
  if (auto_pad == "VALID") {
    window.begin.assign(rank, 0);
    window.end.assign(rank, 0);
  } else if (auto_pad != "NOTSET" && !resolveSame(graph, node, auto_pad == "SAME_UPPER", window)) {
    return {};
  }
  return window;
}

}  // namespace quant
