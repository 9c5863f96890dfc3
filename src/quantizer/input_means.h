#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "calibration/range_table.h"
#include "graph/graph.h"
#include "quantizer/placement.h"
#include "quantizer/weight_rows.h"

namespace quant {

/// The values whose channels' means planning uses, and the axis along which the channels lie: what nodes with int8
/// weights read.
std::map<std::string, int64_t> meansList(const Graph& graph, const Placement& placement);

/// What each weight of a node is multiplied with, on average over the samples and over the positions of the output.
///
/// Where the window of a Conv reaches into its padding the input is 0: the mean of each position of the window counts
/// as often as it lies over the input.
class InputMeans {
 public:
  /// Nothing where the means were not gathered.
  static std::optional<InputMeans> find(const Graph& graph, const Node& node, const WeightRows& rows,
                                        const RangeTable& ranges);
  InputMeans(WeightRows rows, std::vector<float> channels, std::vector<float> shares);

  /// For each weight of a row, in its order.
  [[nodiscard]] std::vector<float> ofRow(size_t row) const;

 private:
  WeightRows rows_;
  std::vector<float> channels_;  // means, by input channel
  std::vector<float> shares_;    // by position of the window
};

}  // namespace quant
