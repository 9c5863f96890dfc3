#pragma once

#include "calibration/histogram.h"
#include "calibration/statistics.h"
#include "core/quant_params.h"

namespace quant {

/// What calibration saw of one value beside how it is stored, small enough to be shown.
struct Observed {
  static constexpr int64_t kMostBins = 128;

  Bins bins;           ///< at most kMostBins, of a width that is a power of two
  double clipped = 0;  ///< share of the finite elements that need an integer which the storage does not have
  double sqnr = 0;     ///< dB that rounding and clipping this value alone leave; infinite without any error
};

/// `statistics` must hold a histogram; `params` are those of one tensor, without an axis.
Observed observe(const TensorStatistics& statistics, const QuantParams& params);

}  // namespace quant
