#pragma once

#include <memory>

#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_tile.h"

namespace quant::onednn {

/// A form of our own for any layer whose activation is none, Relu or Clip: tiles of rows and columns, read from the
/// source in place where its layout allows it. Exact for kWords and kBytes; for kPairs where the weights' pairs fit.
///
/// The layer must outlive the form.
std::unique_ptr<Int8Form> makeTiledForm(const Int8Layer& layer, TileKind kind);

}  // namespace quant::onednn
