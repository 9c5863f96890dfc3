#pragma once

#include <map>
#include <set>
#include <string>

#include "calibration/channel_levels.h"
#include "calibration/channel_spread.h"
#include "quantizer/placement.h"

namespace quant {

/// The values whose channels could be levelled: all that reads their integers are products with weights, and nothing
/// else shares their parameters or makes their integers.
std::set<std::string> valuesToLevel(const Graph& graph, const Placement& placement);

/// The levels (see levels.h) of the values in `spreads`, which are some of valuesToLevel, where they gain enough.
ChannelLevels planLevels(const Graph& graph, const Placement& placement,
                         const std::map<std::string, ChannelSpread>& spreads);

}  // namespace quant
