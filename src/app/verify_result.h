#pragma once

#include <functional>

#include "app/mode.h"

namespace quant {

/// Compares what was written with the float model. A model that we cannot run is written all the same, unless the mode
/// had to run it anyway; the report says why it was not looked at.
void verifyResult(ModeRun& run);

/// A result that is far from the float model (`options.min_cosine`) is not handed over in silence. The nodes that lose
/// most, each measured alone, go into `selection` as kept in float, and `write_again` plans, writes and verifies anew,
/// with more of them until the result is near enough. The report's warnings say what was seen and done. On made-up
/// samples, or where the user wants it so, only the warning is given.
void heedLoss(ModeRun& run, NodeSelection& selection, const std::function<void()>& write_again);

/// Warns of outputs that come in another shape than the float model's in most samples: nothing compares those.
void announceOtherShapes(QuantizeReport& report);

}  // namespace quant
