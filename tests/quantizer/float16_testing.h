#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "quantizer/apply_float16.h"
#include "quantizer/plan_float16.h"
#include "runtime/executor.h"
#include "support/onnx_text.h"

namespace quant::test {

inline Graph inferred(const std::string& text, int opset = 17) { return parseInferred(text, opset); }

inline QuantizationPlan halfPlan(const std::string& text, const HalfOptions& options = {},
                                 const RangeTable* ranges = nullptr, int opset = 17) {
  return planFloat16(inferred(text, opset), ranges, options);
}

/// Converted, with its types inferred anew, which fails where they contradict each other.
inline Graph converted(const std::string& text, const HalfOptions& options = {}, int opset = 17) {
  Graph graph = inferred(text, opset);
  applyFloat16(graph, planFloat16(graph, nullptr, options));
  graph.inferShapes();
  return graph;
}

inline const NodePlacement& rowOf(const QuantizationPlan& plan, const std::string& key) {
  for (const NodePlacement& row : plan.nodes) {
    if (row.output == key) return row;
  }
  throw std::runtime_error("the plan has no row for " + key);
}

inline int countOps(const Graph& graph, const std::string& op_type) {
  const auto types = opTypes(graph);
  return static_cast<int>(std::count(types.begin(), types.end(), op_type));
}

inline RangeTable rangesOf(const std::map<std::string, Range>& by_value, int64_t elements = 1) {
  RangeTable table;
  for (const auto& [value, range] : by_value) {
    RangeEntry& entry = table.values[value];
    entry.range = range;
    entry.min = range.low;
    entry.max = range.high;
    entry.elements = elements;
  }
  return table;
}

}  // namespace quant::test
