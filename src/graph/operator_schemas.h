#pragma once

#include <onnx/defs/schema.h>

namespace quant {

/// ONNX's operators, and those of com.microsoft as far as the types and shapes of their results follow from what they
/// read: shape inference with these goes through models that onnxruntime's optimizers wrote.
const onnx::ISchemaRegistry& operatorSchemas();

}  // namespace quant
