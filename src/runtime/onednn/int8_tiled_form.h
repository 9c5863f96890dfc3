#pragma once

#include <memory>

#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

/// A form of our own for CPUs without VNNI: rows of the source are widened to 16 bits, less the zero point, and
/// multiplied with panels of 16-bit weights. That is exact, and takes 4/3 of the instructions of the 8-bit products
/// that saturate. With kSaturating it computes those instead, as other programs do on such CPUs.
///
/// The layer must outlive the form, and read unsigned sources when pairs saturate.
std::unique_ptr<Int8Form> makeTiledForm(const Int8Layer& layer, PairSums pair_sums);

}  // namespace quant::onednn
