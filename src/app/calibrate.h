#pragma once

#include <functional>

#include "app/mode.h"
#include "calibration/channel_levels.h"
#include "calibration/statistics.h"

namespace quant {

/// Which values are to be watched, and how.
struct CalibrationWish {
  std::set<std::string> values;
  std::map<std::string, int64_t> channel_axes = {};  ///< values whose channels' means are wanted, with the axis
  std::string method = {};                           ///< in place of the user's
  /// The levels that some values are to be seen with. Not asked for where the ranges come from a file, which holds
  /// them.
  std::function<ChannelLevels()> find_levels = nullptr;
};

/// The ranges of the wanted values: from a file of ranges, where the user gave one, else seen over all samples of
/// `run`. Says in the report where they come from, keeps the float outputs that verification will need, and saves the
/// ranges where that was asked for.
RangeTable calibrateRanges(ModeRun& run, CalibrationWish wish);

/// True when the report that the user wants shows more than the plan: histograms, times, errors along the network.
bool showsDetails(const QuantizeOptions& options);

/// How many samples the user wants to verify with.
size_t samplesToVerify(const Dataset& dataset, const QuantizeOptions& options);

}  // namespace quant
