#include "runtime/onednn/int8_product.h"

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/onednn/int8_panels.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/reference/matmul_shapes.h"

namespace quant::onednn {

namespace {

constexpr int64_t kRowsAtATime = 24;        // a multiple of what both vector kernels take
constexpr int64_t kWorthThreads = 1 << 16;  // products and steps

/// Each matrix of `b` as panels: it is read once for each block of rows.
std::vector<WeightPanels> packRightSide(const ProductOperand& b, int64_t depth, int64_t columns) {
  const uint8_t flip = flipOf(b.tensor.type());
  std::vector<WeightPanels> packed;
  const int64_t matrices = b.tensor.elementCount() / std::max<int64_t>(depth * columns, 1);
  for (int64_t i = 0; i < matrices; ++i) {
    packed.emplace_back(bytesOf(b.tensor) + i * depth * columns, depth, columns, b.zero_point + flip, flip);
  }
  return packed;
}

}  // namespace

void multiplyExactly(const ProductOperand& a, const ProductOperand& b, const MatMulDims& dims,
                     const Int8Results& results, Tensor& dst) {
  const reference::MatMulShapes shapes(dims.a, dims.b);
  const int64_t rows = shapes.rows, depth = shapes.depth, columns = shapes.columns;
  const std::vector<WeightPanels> panels = packRightSide(b, depth, columns);
  const TileKernel kernel = findTileKernel(TileKind::kWords);
  const uint8_t flip = flipOf(a.tensor.type());
  const int64_t steps = (depth + 1) / 2, row_numbers = steps * 2;
  const std::vector<int32_t> offsets = denseOffsets(steps);
  const auto batches = static_cast<int64_t>(shapes.a_batch.size());
  const int64_t blocks = (rows + kRowsAtATime - 1) / kRowsAtATime;
#pragma omp parallel for collapse(2) schedule(static) if (batches * rows * columns * steps > kWorthThreads)
  for (int64_t batch = 0; batch < batches; ++batch) {
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t first = block * kRowsAtATime, count = std::min(kRowsAtATime, rows - first);
      std::vector<int16_t> wide(static_cast<size_t>(count * row_numbers), 0);
      const uint8_t* const from =
          bytesOf(a.tensor) + (shapes.a_batch[static_cast<size_t>(batch)] * rows + first) * depth;
      for (int64_t r = 0; r < count; ++r) {
        widenRun(from + r * depth, depth, a.zero_point + flip, flip, wide.data() + r * row_numbers);
      }
      const WeightPanels& right = panels[static_cast<size_t>(shapes.b_batch[static_cast<size_t>(batch)])];
      const TileRows tile{reinterpret_cast<const std::byte*>(wide.data()), steps * kStepBytes, count, offsets.data(),
                          steps};
      for (int64_t panel = 0; panel < right.count(); ++panel) {
        alignas(64) std::array<int32_t, kRowsAtATime * kPanelColumns> sums;
        const int64_t column = panel * kPanelColumns;
        kernel(tile, right.from(panel, 1), results.start(column), sums.data());
        results.store({sums.data(), 1, count, batch * rows + first, column, std::min(kPanelColumns, columns - column)},
                      nullptr, dst);
      }
    }
  }
}

}  // namespace quant::onednn
