#pragma once

#include <map>
#include <set>
#include <string>

#include "calibration/channel_spread.h"
#include "quantizer/plan.h"

namespace quant {

/// The values whose channels could be levelled: read by products with weights only, as far as they are quantized.
std::set<std::string> valuesToLevel(const Graph& graph, const Placement& placement);

/// Decides the weights of every node, and with `spreads`, of the values in valuesToLevel, their levels (see levels.h).
/// A value that is not there keeps its channels as they are.
QuantizationPlan makeDynamicPlan(const Graph& graph, Placement placement,
                                 const std::map<std::string, ChannelSpread>& spreads, const Int8Options& options);

}  // namespace quant
