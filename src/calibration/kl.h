#pragma once

#include <vector>

#include "calibration/thresholds.h"

namespace quant {

/// The entropy calibration of TensorRT, as NVIDIA published it (S. Migacz, "8-bit inference with TensorRT", GTC 2017,
/// and pytorch-quantization's calib/histogram.py), extended to two thresholds.
///
/// For a run of bins that is kept: P is the run with the values outside added to its end bins. Q is what is left of the
/// run on a grid of `levels` points: the bins are dealt into `levels` groups, and each group's values are spread evenly
/// over those of its bins that are not empty. The thresholds are those whose Q loses least of P: least sum of P * log(P
/// / Q), both scaled to sum 1. An end bin that is empty but has values outside cannot be an end: Q would be 0 where P
/// is not.
///
/// Exact zeros take no part: every grid holds zero, so however many there are (half of a tensor after Relu) they lose
/// nothing. Likewise the bin on either side of zero counts at most as much as its neighbour.
class KlDivergence {
 public:
  KlDivergence(const Bins& bins, int64_t levels);

  /// In nats. The run must have at least `levels` bins.
  [[nodiscard]] double operator()(Thresholds thresholds) const;
  /// True when no bin counts.
  [[nodiscard]] bool isEmpty() const { return count_.back() == 0; }

 private:
  [[nodiscard]] double countIn(int64_t bin) const {
    return count_[static_cast<size_t>(bin) + 1] - count_[static_cast<size_t>(bin)];
  }

  /// Sum of p_g * log(m_g / f_g) over the groups; `below` and `above` are the values outside.
  [[nodiscard]] double cross(Thresholds thresholds, double below, double above) const;

  // Sums over all bins before some bin.
  std::vector<double> count_;
  std::vector<double> filled_;   // bins that are not empty
  std::vector<double> entropy_;  // count * log(count) of each bin
  int64_t levels_;
};

/// The thresholds of least divergence. With fewer bins than `levels`, all of them.
///
/// Divergence knows how often a value occurs and not how much it matters: it clips rare values however large they are,
/// such as the few detections among a detector's scores, and where next to nothing lies near zero it may clip nearly
/// everything. Hence one condition that TensorRT lacks: thresholds whose squared error (mse.h) is larger than that of
/// no clipping at all are not considered. Measured on EfficientNet-Lite0, activations in 8 bits, 400 pictures: the
/// logits' SQNR is 15.6 dB without the condition and 26.8 dB with it (minmax: 25.7 dB).
Thresholds klThresholds(const Bins& bins, int64_t levels);

}  // namespace quant
