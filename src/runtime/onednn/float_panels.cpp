#include "runtime/onednn/float_panels.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "runtime/cpu.h"

namespace quant::onednn {

FloatPanels::FloatPanels(const float* matrix, int64_t columns, int64_t depth)
    : depth_(depth),
      panels_(DataType::kFloat32,
              {(columns + kFloatPanelColumns - 1) / kFloatPanelColumns * kFloatPanelColumns * depth}) {
  float* const to = panels_.data<float>().data();
  std::fill_n(to, panels_.elementCount(), 0.0F);
  for (int64_t column = 0; column < columns; ++column) {
    float* const in_panel = to + column / kFloatPanelColumns * depth * kFloatPanelColumns + column % kFloatPanelColumns;
    for (int64_t k = 0; k < depth; ++k) in_panel[k * kFloatPanelColumns] = matrix[column * depth + k];
  }
}

namespace {

#define QUANTIZE_TARGET "sse2"
namespace any {
using Vector = float __attribute__((vector_size(16)));
constexpr int kMostRows = 2, kMostSums = 8;
#include "runtime/onednn/float_panel_rows.inl"
}  // namespace any
#undef QUANTIZE_TARGET

#define QUANTIZE_TARGET "avx2,fma"
namespace avx2 {
using Vector = float __attribute__((vector_size(32)));
constexpr int kMostRows = 6, kMostSums = 12;
#include "runtime/onednn/float_panel_rows.inl"
}  // namespace avx2
#undef QUANTIZE_TARGET

#define QUANTIZE_TARGET "avx512f,fma"
namespace avx512 {
using Vector = float __attribute__((vector_size(64)));
constexpr int kMostRows = 8, kMostSums = 24;
#include "runtime/onednn/float_panel_rows.inl"
}  // namespace avx512
#undef QUANTIZE_TARGET

}  // namespace

PanelKernel findPanelKernel() {
  switch (vectorUnit()) {
    case VectorUnit::kAvx512: return avx512::multiply;
    case VectorUnit::kAvx2: return avx2::multiply;
    case VectorUnit::kNone: break;
  }
  return any::multiply;
}

}  // namespace quant::onednn
