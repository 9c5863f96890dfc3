#pragma once

#include <onnx/onnx_pb.h>

#include "core/data_type.h"
#include "graph/derived_constant.h"

namespace quant {

/// How the elements of a constant are rounded.
enum class HalfRounding {
  kNearest,   ///< each by itself, half to even
  kDiffused,  ///< see diffuseToHalf
};

/// `floats` in half precision, at once.
Tensor inHalf(const Tensor& floats, DataType half, HalfRounding rounding);

/// The same, made when somebody asks for it.
DerivedConstant halfOf(const Tensor& floats, DataType half, HalfRounding rounding);

/// The same for a tensor inside a node, at once. Its name and all that is not elements stays.
void convertInPlace(onnx::TensorProto& floats, DataType half, HalfRounding rounding = HalfRounding::kNearest);

/// Makes a node whose result's type is an attribute's (Cast, Constant, ConstantOfShape, RandomNormal, EyeLike, ...)
/// give `half` instead of float32; true when it is such a node. Attention and the like keep their inner sums in
/// float32.
bool convertAttributes(onnx::NodeProto& node, DataType half);

}  // namespace quant
