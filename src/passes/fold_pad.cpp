#include <algorithm>
#include <limits>
#include <optional>

#include "graph/constant_numbers.h"
#include "passes/pass.h"
#include "passes/value_bounds.h"
#include "passes/window.h"

namespace quant {

namespace {

/// A constant Pad of spatial axes only.
struct Padding {
  std::vector<int64_t> begin, end;  // for each spatial axis
  double value = 0;
};

/// The sizes that Pad adds before and after each axis; nothing when they are not constant or not sure.
std::optional<std::vector<int64_t>> fullPads(const Graph& graph, const Node& pad) {
  auto given = intParameter(graph, pad, "pads", 1);
  if (!given || !pad.hasInput(3)) return given;
  const auto axes = intConstant(graph, pad.input(3));
  const auto type = graph.valueType(pad.input(0));
  if (!axes || !type || !type->shape || given->size() != 2 * axes->size()) return {};
  const int64_t rank = std::ssize(*type->shape);
  std::vector<int64_t> pads(static_cast<size_t>(2 * rank), 0);
  for (size_t i = 0; i < axes->size(); ++i) {
    const int64_t axis = normalizeAxis((*axes)[i], rank);
    pads[static_cast<size_t>(axis)] = (*given)[i];
    pads[static_cast<size_t>(axis + rank)] = (*given)[i + axes->size()];
  }
  return pads;
}

std::optional<double> paddedValue(const Graph& graph, const Node& pad) {
  if (!pad.hasInput(2)) return pad.attr("value", 0.0F);
  return realScalar(graph, pad.input(2));
}

std::optional<Padding> paddingOf(const Graph& graph, const Node& pad) {
  if (!pad.is("Pad") || pad.attr("mode", "constant") != "constant") return {};
  const auto pads = fullPads(graph, pad);
  const auto value = paddedValue(graph, pad);
  if (!pads || !value || pads->size() % 2 != 0 || pads->size() < 6) return {};
  if (std::ranges::any_of(*pads, [](int64_t size) { return size < 0; })) return {};  // it crops
  const size_t rank = pads->size() / 2;
  if ((*pads)[0] != 0 || (*pads)[1] != 0 || (*pads)[rank] != 0 || (*pads)[rank + 1] != 0) return {};
  const auto middle = pads->begin() + static_cast<int64_t>(rank);
  return Padding{{pads->begin() + 2, middle}, {middle + 2, pads->end()}, *value};
}

struct Match {
  Node* reader;
  std::string source;
  std::vector<int64_t> pads;  // of the reader: begins, then ends
  bool count_pads = false;    // AveragePool must count them
};

bool isZero(const std::vector<int64_t>& sizes) {
  return std::ranges::all_of(sizes, [](int64_t size) { return size == 0; });
}

/// What AveragePool's own padding does to the mean differs from what Pad does, unless it is counted too. Windows that
/// ceil_mode lets reach past the end are counted in one way before and in another after.
bool averageAllows(const Node& pool, const Window& window, const Padding& padding) {
  if (padding.value != 0 || pool.attr("ceil_mode", int64_t{0}) != 0) return false;
  const bool counts = pool.attr("count_include_pad", int64_t{0}) != 0;
  return counts || (isZero(window.begin) && isZero(window.end));
}

/// MaxPool's own padding never wins. Pad's value never wins either when no element is below it and every window holds
/// an element. Indices would count along another shape.
bool maximumAllows(const Graph& graph, const Node& pool, const Node& pad, const Window& window,
                   const Padding& padding) {
  if (pool.attr("ceil_mode", int64_t{0}) != 0 || !pool.output(1).empty()) return false;
  if (std::ranges::any_of(window.dilations, [](int64_t step) { return step != 1; })) return false;
  // No finite element lies below the lowest number.
  return padding.value <= std::numeric_limits<float>::lowest() || padding.value <= lowerBound(graph, pad.input(0));
}

/// Every window holds an element, which pooling kernels demand: padding is smaller than the window.
bool isSmallerThanWindow(const std::vector<int64_t>& pads, const Window& window) {
  const size_t rank = window.size.size();
  for (size_t i = 0; i < pads.size(); ++i) {
    if (pads[i] >= window.size[i % rank]) return false;
  }
  return true;
}

bool readerAllows(const Graph& graph, const Node& reader, const Node& pad, const Window& window, const Padding& padding,
                  const std::vector<int64_t>& pads) {
  if (reader.is("Conv")) return padding.value == 0;
  if (!isSmallerThanWindow(pads, window)) return false;
  if (reader.is("AveragePool")) return averageAllows(reader, window, padding);
  return reader.is("MaxPool") && maximumAllows(graph, reader, pad, window, padding);
}

std::optional<Match> match(const Graph& graph, Node& reader) {
  if (!reader.is("Conv") && !reader.is("AveragePool") && !reader.is("MaxPool")) return {};
  const Node* pad = graph.producer(reader.input(0));
  const auto padding = pad != nullptr ? paddingOf(graph, *pad) : std::nullopt;
  const auto window = padding ? windowOf(graph, reader) : std::nullopt;
  if (!window || window->begin.size() != padding->begin.size()) return {};
  Match found{&reader, pad->input(0), {}, reader.is("AveragePool")};
  for (size_t i = 0; i < padding->begin.size(); ++i) found.pads.push_back(window->begin[i] + padding->begin[i]);
  for (size_t i = 0; i < padding->end.size(); ++i) found.pads.push_back(window->end[i] + padding->end[i]);
  return readerAllows(graph, reader, *pad, *window, *padding, found.pads) ? std::optional(found) : std::nullopt;
}

void replace(Graph& graph, const Match& found) {
  Node& reader = *found.reader;
  graph.setInput(reader, 0, found.source);
  reader.removeAttr("auto_pad");
  reader.setAttr("pads", found.pads);
  if (found.count_pads) reader.setAttr("count_include_pad", int64_t{1});
}

}  // namespace

//   x -> Pad(constant 0) -> Conv(pads)   becomes   x -> Conv(pads + padding)
//
// Likewise AveragePool, which then counts its padding, and MaxPool where the padded value cannot win. Other readers
// keep the Pad. The sizes of SAME_UPPER and SAME_LOWER padding are written out.
int foldPad(Graph& graph) {
  int folded = 0;
  for (Node* node : graph.nodes()) {
    const auto found = match(graph, *node);
    if (!found) continue;
    replace(graph, *found);
    ++folded;
  }
  return folded;
}

}  // namespace quant
