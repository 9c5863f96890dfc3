#pragma once

#include <initializer_list>
#include <string_view>

#include "runtime/kernel.h"

namespace quant::reference {

/// Throws (bad input) unless those of the inputs `indices` that are present have elements of one type. ONNX's checker
/// does not look at that.
void requireOneType(std::string_view op_type, const KernelContext& context, std::initializer_list<size_t> indices);
/// The same for all inputs.
void requireOneType(std::string_view op_type, const KernelContext& context);

/// Throws (bad input) unless input `index`, where it is present, has elements of `type`.
void requireType(std::string_view op_type, const KernelContext& context, size_t index, DataType type);

}  // namespace quant::reference
