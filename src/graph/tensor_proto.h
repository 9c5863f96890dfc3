#pragma once

#include <onnx/onnx_pb.h>

#include <memory>
#include <string>

#include "core/tensor.h"

namespace quant {

/// The elements of a TensorProto. Raw data is viewed, not copied, and `proto` is kept alive; typed fields are copied.
/// Throws (bad input) when dims and data do not fit together, (unsupported) for types without a C++ counterpart.
Tensor tensorFromProto(const std::shared_ptr<const onnx::TensorProto>& proto);
Tensor tensorFromProto(const onnx::TensorProto& proto);

/// A TensorProto holding a copy of the elements as raw data.
onnx::TensorProto protoFromTensor(const Tensor& tensor, const std::string& name);

/// The shape a TensorProto declares.
Shape shapeOf(const onnx::TensorProto& proto);

}  // namespace quant
