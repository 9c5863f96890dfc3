#include "eval/as_float.h"

#include "runtime/element_type.h"
#include "runtime/kernel.h"

namespace quant {

std::optional<Tensor> asFloat(const Tensor& tensor) {
  if (elementSize(tensor.type()) == 0 || tensor.type() == DataType::kComplex64 ||
      tensor.type() == DataType::kComplex128) {
    return std::nullopt;
  }
  Tensor plain = convertLayout(tensor, Layout::kPlain);
  if (plain.type() == DataType::kFloat32) return plain;
  Tensor result(DataType::kFloat32, plain.shape());
  withElementType(plain.type(), kAllTypes, "comparison", [&](auto example) {
    const auto src = plain.data<decltype(example)>();
    auto dst = result.data<float>();
    for (size_t i = 0; i < src.size(); ++i) dst[i] = static_cast<float>(src[i]);
  });
  return result;
}

}  // namespace quant
