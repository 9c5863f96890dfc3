#pragma once

#include <onnx/onnx_pb.h>

namespace quant {

/// torch writes its unbind as SplitToSequence(x, 1) with keepdims 0 and means slices without their axis, which is how
/// onnxruntime reads it. By ONNX's words, keepdims counts only where no size is given. So the size goes away, in the
/// graph and in all bodies.
void dropSizesOfUnbind(onnx::ModelProto& model);

}  // namespace quant
