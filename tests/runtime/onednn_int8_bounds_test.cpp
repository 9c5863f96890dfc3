// Kernels of 8-bit layers touch their operands only: each lies before a page that ends the program when touched.
#include <gtest/gtest.h>

#include "runtime/int8_layer_case.h"
#include "runtime/onednn/int8_depthwise_block_form.h"
#include "runtime/onednn/int8_depthwise_form.h"
#include "runtime/onednn/int8_panels.h"
#include "runtime/onednn/int8_tile.h"
#include "runtime/onednn/int8_tiled_form.h"
#include "runtime/onednn_harness.h"
#include "support/guarded.h"

namespace quant::test {
namespace {

using onednn::kPanelColumns;
using onednn::kStepBytes;
using onednn::TileKind;

constexpr int64_t kMostRows = 100;

/// Runs of steps that lie one behind the other, so that the last row's last step ends the rows.
void multiplyGuarded(onednn::TileKernel kernel, TileKind kind, DataType row_type, DataType column_type) {
  Randomness random;
  for (int64_t count = 1; count <= kMostRows; ++count) {
    const int64_t runs = random.between(1, 3), run_steps = random.between(1, 40), steps = runs * run_steps;
    const int64_t panels = count % onednn::kMostPanels + 1, row_bytes = steps * kStepBytes;
    const int64_t panel_bytes = row_bytes * kPanelColumns;
    SCOPED_TRACE(fmt::format("{} rows, {} x {} steps, {} panels", count, runs, run_steps, panels));
    const auto bytes = [&](DataType type, int64_t size) {
      return type == DataType::kInt16  ? random.integers<int16_t>({size / 2}, -255, 255)
             : type == DataType::kInt8 ? random.integers<int8_t>({size})
                                       : random.integers<uint8_t>({size});
    };
    const Tensor rows = guarded(bytes(row_type, count * row_bytes));
    const Tensor columns = guarded(bytes(column_type, panels * panel_bytes));
    const Tensor start = guarded(random.integers<int32_t>({panels * kPanelColumns}, -9, 9));
    Tensor fast = guarded(random.integers<int32_t>({panels * count * kPanelColumns}));
    Tensor plain = fast.clone();
    const std::vector<int32_t> offsets = onednn::denseOffsets(steps);
    const onednn::TileRows tile{
        static_cast<const std::byte*>(rows.bytes()), row_bytes, count, offsets.data(), steps, run_steps};
    const onednn::TilePanels some{static_cast<const std::byte*>(columns.bytes()), panel_bytes, panels};
    kernel(tile, some, start.data<int32_t>().data(), fast.data<int32_t>().data());
    onednn::plainTileKernel(kind)(tile, some, start.data<int32_t>().data(), plain.data<int32_t>().data());
    EXPECT_THAT(fast.data<int32_t>(), testing::ElementsAreArray(plain.data<int32_t>()));
  }
}

TEST(Int8Bounds, OfTilesOfWords) {
  multiplyGuarded(onednn::findTileKernel(TileKind::kWords), TileKind::kWords, DataType::kInt16, DataType::kInt16);
}

TEST(Int8Bounds, OfTilesOfBytes) {
  const auto kernel = onednn::findTileKernel(TileKind::kBytes);
  if (kernel == nullptr) GTEST_SKIP() << "this CPU has no VNNI";
  multiplyGuarded(kernel, TileKind::kBytes, DataType::kUInt8, DataType::kInt8);
}

TEST(Int8Bounds, OfTilesOfPairs) {
  multiplyGuarded(onednn::findTileKernel(TileKind::kPairs), TileKind::kPairs, DataType::kUInt8, DataType::kInt8);
}

TEST(Int8Bounds, OfTilesOfMatrices) {
  const auto kernel = onednn::findMatrixTileKernel();
  if (kernel == nullptr) GTEST_SKIP() << "this CPU has no AMX";
  multiplyGuarded(kernel, TileKind::kBytes, DataType::kUInt8, DataType::kInt8);
}

/// The layer with its source and its result before such pages.
void expectReferenceWithin(const LayerCase& test, onednn::Int8Form& form) {
  const Tensor src = guarded(convertLayout(test.inputs[0].tensor, Layout::kChannelsLast));
  Tensor dst = guarded(Tensor(test.layer.dst_type, test.shape.dst, Layout::kChannelsLast));
  form.run(test.shape, {src, 77, nullptr, dst});
  expectSameLevels(convertLayout(dst, Layout::kPlain), test.node.runReference(test.inputs));
}

WindowCase windowOf(int64_t width, int64_t taps, int64_t stride) {
  return {{3, width}, {taps, taps}, {1, stride}, {1, 1}};
}

TEST(Int8Bounds, OfDenseLayersOfAnyWidth) {
  Randomness random;
  for (int64_t width = 1; width <= kMostRows; ++width) {
    for (const int64_t taps : {1, 2}) {
      SCOPED_TRACE(fmt::format("{} wide, {} taps", width, taps));
      const int64_t in = width % 2 == 0 ? 4 * random.between(1, 30) : random.between(1, 99);
      LayerCase test(random, DataType::kUInt8, 1, in, random.between(1, 70), windowOf(width, taps, 1));
      expectReferenceWithin(test, *onednn::chooseInt8Form(test.layer, onednn::PairSums::kExact));
      expectReferenceWithin(test, *onednn::makeTiledForm(test.layer, TileKind::kWords));
    }
  }
}

TEST(Int8Bounds, OfDepthwiseLayersOfAnyWidth) {
  Randomness random;
  for (int64_t width = 3; width <= kMostRows; ++width) {
    SCOPED_TRACE(fmt::format("{} wide", width));
    const int64_t channels = width % 2 == 0 ? 16 * random.between(1, 3) : random.between(2, 70);
    LayerCase test(random, DataType::kUInt8, channels, 1, 1, windowOf(width, 3, random.between(1, 2)));
    expectReferenceWithin(test, *onednn::makeDepthwiseBlockForm(test.layer));
    expectReferenceWithin(test, *onednn::makeDepthwiseForm(test.layer));
  }
}

TEST(Int8Bounds, OfProductsOfAnyNumberOfRows) {
  Randomness random;
  for (int64_t rows = 1; rows <= kMostRows; ++rows) {
    SCOPED_TRACE(fmt::format("{} rows", rows));
    const int64_t depth = rows % 2 == 0 ? 64 : random.between(1, 70), columns = random.between(1, 70);
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.integers<uint8_t>({rows, depth})));
    inputs.push_back(constant(random.integers<int8_t>({depth, columns}, -127, 127)));
    inputs.push_back(constant(Tensor::scalar(uint8_t{9})));
    onednn::Int8Layer layer;
    layer.weights = onednn::transposedWeights(inputs[1].tensor);
    layer.dst_type = DataType::kInt32;
    const Tensor src = guarded(inputs[0].tensor);
    Tensor dst = guarded(Tensor(DataType::kInt32, {rows, columns}));
    onednn::chooseInt8Form(layer, onednn::PairSums::kExact)
        ->run(onednn::productShape(rows, depth, columns), {src, 9, nullptr, dst});
    expectSameLevels(dst, NodeRunner("MatMulInteger").runReference(inputs));
  }
}

}  // namespace
}  // namespace quant::test
