#include "runtime/reference/input_types.h"

#include "core/error.h"

namespace quant::reference {

void requireType(std::string_view op_type, const KernelContext& context, size_t index, DataType type) {
  if (!context.has(index) || context.inputAsIs(index).type() == type) return;
  throwBadInput("input {} of {} has elements of type {}; they should be {}", index, op_type,
                toString(context.inputAsIs(index).type()), toString(type));
}

void requireOneType(std::string_view op_type, const KernelContext& context, std::initializer_list<size_t> indices) {
  const DataType type = context.inputAsIs(*indices.begin()).type();
  for (const size_t index : indices) requireType(op_type, context, index, type);
}

void requireOneType(std::string_view op_type, const KernelContext& context) {
  const DataType type = context.inputAsIs(0).type();
  for (size_t index = 1; index < context.inputCount(); ++index) requireType(op_type, context, index, type);
}

}  // namespace quant::reference
