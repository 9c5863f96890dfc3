#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "calibration/channel_means.h"
#include "calibration/collect.h"
#include "graph/graph.h"

namespace quant {

/// How far each channel along a value's last axis reaches.
struct ChannelSpread {
  std::vector<float> low, high;     ///< over all samples
  std::vector<double> mean_square;  ///< of the samples' means, each of which counts the same
  bool operator==(const ChannelSpread&) const = default;
};

/// Gathers a ChannelSpread. The same for any order of the tensors.
class ChannelSpreadObserver {
 public:
  void observe(const Tensor& tensor);
  void merge(const ChannelSpreadObserver& other);

  /// Without channels when nothing finite was seen, or tensors of different numbers of channels.
  [[nodiscard]] ChannelSpread spread() const;

 private:
  [[nodiscard]] bool accepts(size_t channels);

  std::vector<float> low_, high_;
  std::vector<ExactSum> squares_;  // of the tensors' means
  int64_t tensors_ = 0;
  bool differ_ = false;  // in their number of channels
};

/// Runs the first `count` samples through the graph and observes `values`, each of which a node computes or is a graph
/// input. Throws what a sample's load or run throws, with the sample's name.
std::map<std::string, ChannelSpread> collectSpread(const Graph& graph, const std::set<std::string>& values,
                                                   const SampleSource& samples, const Progress& progress = nullptr);

}  // namespace quant
