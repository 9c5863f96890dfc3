#pragma once

#include "calibration/channel_levels.h"
#include "quantizer/plan.h"

namespace quant {

/// Decides the weights of every node; those that multiply a value with levels know of them.
QuantizationPlan makeDynamicPlan(const Graph& graph, Placement placement, ChannelLevels levels,
                                 const Int8Options& options);

}  // namespace quant
