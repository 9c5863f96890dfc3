#pragma once

#include <onnx/onnx_pb.h>

#include "core/data_type.h"
#include "graph/derived_constant.h"

namespace quant {

/// `floats` in half precision, made when somebody asks for it.
DerivedConstant halfOf(const Tensor& floats, DataType half);

/// The same for a tensor inside a node, at once. Its name and all that is not elements stays.
void convertInPlace(onnx::TensorProto& floats, DataType half);

/// Makes a node whose result's type is an attribute's (Cast, Constant, ConstantOfShape, RandomNormal, EyeLike, ...)
/// give `half` instead of float32; true when it is such a node. Attention and the like keep their inner sums in
/// float32.
bool convertAttributes(onnx::NodeProto& node, DataType half);

}  // namespace quant
