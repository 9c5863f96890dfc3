#pragma once

#include "app/mode.h"
#include "calibration/channel_levels.h"

namespace quant {

/// The levels of the values that `placement` quantizes, after a look at `sample_count` samples, evenly spread over
/// `dataset`. None where the user does not want them.
ChannelLevels findChannelLevels(const ModeRun& run, const Placement& placement, const Dataset& dataset,
                                size_t sample_count);

}  // namespace quant
