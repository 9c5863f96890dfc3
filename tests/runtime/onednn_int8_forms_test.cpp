// How 8-bit layers are computed on CPUs with and without VNNI. All of it runs on any CPU: the forms are made by hand.
#include <gtest/gtest.h>

#include "runtime/int8_layer_case.h"
#include "runtime/lowering/lowering.h"
#include "runtime/onednn/int8_activated_form.h"
#include "runtime/onednn/int8_depthwise.h"
#include "runtime/onednn/int8_depthwise_block_form.h"
#include "runtime/onednn/int8_depthwise_form.h"
#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_panels.h"
#include "runtime/onednn/int8_product.h"
#include "runtime/onednn/int8_tile.h"
#include "runtime/onednn/int8_tiled_form.h"
#include "runtime/onednn_harness.h"

namespace quant::test {
namespace {

using onednn::Int8Layer;
using onednn::kPanelColumns;
using onednn::kStepBytes;
using onednn::PairSums;
using onednn::TileKind;

/// Random rows and panels, multiplied by both kernels.
template <class RowNumber, class ColumnNumber>
void expectSameAsPlain(TileKind kind, int row_limit) {
  const onednn::TileKernel kernel = onednn::findTileKernel(kind);
  if (kernel == nullptr) GTEST_SKIP() << "this CPU has no VNNI";
  Randomness random;
  for (int64_t count = 1; count <= 45; ++count) {
    const int64_t steps = random.between(1, 40), numbers = kStepBytes / static_cast<int64_t>(sizeof(RowNumber));
    const int64_t panels = random.between(1, onednn::kMostPanels), panel_numbers = steps * kPanelColumns * numbers;
    const Tensor rows = random.integers<RowNumber>({count, steps * numbers}, -row_limit * (numbers == 2), row_limit);
    const Tensor columns = random.integers<ColumnNumber>({panels * panel_numbers}, -128, 127);
    std::vector<int32_t> offsets = onednn::denseOffsets(steps);
    std::ranges::reverse(offsets);
    const onednn::TileRows tile{static_cast<const std::byte*>(rows.bytes()), steps * kStepBytes, count, offsets.data(),
                                steps};
    const onednn::TilePanels some{static_cast<const std::byte*>(columns.bytes()),
                                  panel_numbers * static_cast<int64_t>(sizeof(ColumnNumber)), panels};
    std::vector<int32_t> fast(static_cast<size_t>(panels * count * kPanelColumns)), plain(fast.size());
    const Tensor start = random.integers<int32_t>({panels * kPanelColumns}, -9, 9);
    kernel(tile, some, start.data<int32_t>().data(), fast.data());
    onednn::plainTileKernel(kind)(tile, some, start.data<int32_t>().data(), plain.data());
    EXPECT_EQ(fast, plain) << count << " rows";
  }
}

TEST(Int8Tile, WordsAddUpAsPlainLoopsDo) { expectSameAsPlain<int16_t, int16_t>(TileKind::kWords, 255); }
TEST(Int8Tile, BytesAddUpAsPlainLoopsDo) { expectSameAsPlain<uint8_t, int8_t>(TileKind::kBytes, 255); }
TEST(Int8Tile, PairsAddUpAsPlainLoopsDo) { expectSameAsPlain<uint8_t, int8_t>(TileKind::kPairs, 255); }

TEST(Int8Tile, MatricesAddUpAsPlainLoopsDo) {
  const onednn::TileKernel kernel = onednn::findMatrixTileKernel();
  if (kernel == nullptr) GTEST_SKIP() << "this CPU has no AMX";
  Randomness random;
  for (int64_t count = 1; count <= 50; ++count) {
    const int64_t runs = random.between(1, 3), run_steps = random.between(1, 40), steps = runs * run_steps;
    const int64_t panels = random.between(1, onednn::kMostPanels), gap = 64,
                  stride = runs * (run_steps * kStepBytes + gap);
    SCOPED_TRACE(fmt::format("{} rows, {} x {} steps, {} panels", count, runs, run_steps, panels));
    const Tensor rows = random.integers<uint8_t>({count * stride});
    const Tensor columns = random.integers<int8_t>({panels * steps * kPanelColumns * kStepBytes}, -128, 127);
    std::vector<int32_t> offsets;
    for (int64_t step = 0; step < steps; ++step) {
      offsets.push_back(static_cast<int32_t>(step / run_steps * gap + step * kStepBytes));
    }
    const onednn::TileRows tile{
        static_cast<const std::byte*>(rows.bytes()), stride, count, offsets.data(), steps, run_steps};
    const onednn::TilePanels some{static_cast<const std::byte*>(columns.bytes()), steps * kPanelColumns * kStepBytes,
                                  panels};
    std::vector<int32_t> fast(static_cast<size_t>(panels * count * kPanelColumns)), plain(fast.size());
    const Tensor start = random.integers<int32_t>({panels * kPanelColumns}, -9, 9);
    kernel(tile, some, start.data<int32_t>().data(), fast.data());
    onednn::plainTileKernel(TileKind::kBytes)(tile, some, start.data<int32_t>().data(), plain.data());
    EXPECT_EQ(fast, plain);
  }
}

TEST(Int8Tile, PairsSaturateAtSixteenBits) {
  const auto row = Tensor::of<uint8_t>({4}, {255, 255, 255, 1});
  Tensor panel(DataType::kInt8, {kPanelColumns * kStepBytes});
  std::ranges::fill(panel.data<int8_t>(), int8_t{127});
  std::vector<int32_t> sums(kPanelColumns);
  const std::vector<int32_t> start(kPanelColumns, 0);
  onednn::findTileKernel(TileKind::kPairs)({static_cast<const std::byte*>(row.bytes()), kStepBytes, 1, start.data(), 1},
                                           {static_cast<const std::byte*>(panel.bytes()), 0, 1}, start.data(),
                                           sums.data());
  EXPECT_THAT(sums, testing::Each(32767 + 256 * 127));  // 2 * 255 * 127 does not fit, the other pair does
}

TEST(Depthwise, VectorKernelsAddUpAsPlainLoopsDo) {
  Randomness random;
  for (const int64_t taps : {1, 2, 3, 5, 7}) {
    for (int64_t step = 1; step <= 3; ++step) {
      for (int64_t pixels = 1; pixels <= 16; ++pixels) {
        SCOPED_TRACE(fmt::format("{} {} {}", taps, step, pixels));
        const int64_t lines = 3, pixel_bytes = 40, channel = 23, width = (pixels - 1) * step + taps;
        const Tensor bytes = random.integers<uint8_t>({lines * width * pixel_bytes});
        const Tensor weights = random.integers<int32_t>({lines * taps * kPanelColumns}, -128, 127);
        const auto* const data = static_cast<const std::byte*>(bytes.bytes());
        std::vector<const std::byte*> starts;
        for (int64_t line = 0; line < lines; ++line) starts.push_back(data + line * width * pixel_bytes);
        const onednn::DepthwiseLine line{starts.data(), lines, taps, pixel_bytes, step * pixel_bytes, pixels};
        std::vector<int32_t> fast(static_cast<size_t>(pixels * kPanelColumns)), plain(fast.size());
        const int32_t* const factors = weights.data<int32_t>().data();
        onednn::findDepthwiseKernel()(line, channel, factors, factors, fast.data());
        onednn::addDepthwisePlainly(line, channel, factors, factors, plain.data());
        EXPECT_EQ(fast, plain);
      }
    }
  }
}

TEST(Int8Store, VectorFunctionsRoundAsPlainLoopsDo) {
  Randomness random;
  for (int64_t channels = 1; channels <= onednn::kMostPanels * kPanelColumns; ++channels) {
    for (int variant = 0; variant < 32; ++variant) {
      SCOPED_TRACE(fmt::format("{} {}", channels, variant));
      const int64_t rows = random.between(1, 9), stride = channels + 3;
      const int64_t panels = (channels + kPanelColumns - 1) / kPanelColumns;
      const Tensor sums = random.integers<int32_t>({panels * rows * kPanelColumns}, -4000, 4000);
      Tensor multipliers = random.floats({panels * kPanelColumns}, 0.01F, 0.125F);
      multipliers.data<float>()[0] = 0.125F;  // ties
      const Tensor residual = random.integers<uint8_t>({rows * stride});
      onednn::StoreScale scale;
      scale.has_residual = (variant & 1) != 0;
      scale.residual_scale = 0.73F;
      scale.residual_zero_point = 140;
      scale.residual_flip = (variant & 2) != 0 ? 0x80 : 0;
      scale.clamps = (variant & 4) != 0;
      scale.low = -20;
      scale.high = 60;
      scale.divisor = (variant & 8) != 0 ? 0.37F : 1;
      scale.zero_point = 77;
      scale.flip = (variant & 2) != 0 ? 0x80 : 0;
      scale.is_bounded = (variant & 16) != 0;
      std::vector<uint8_t> fast(static_cast<size_t>(rows * stride), 99), plain = fast;
      onednn::StoreRows out{sums.data<int32_t>().data(),
                            multipliers.data<float>().data(),
                            residual.data<uint8_t>().data(),
                            fast.data(),
                            rows,
                            stride,
                            panels,
                            channels};
      onednn::findStoreFunction()(out, scale);
      out.dst = plain.data();
      onednn::storePlainly(out, scale);
      EXPECT_EQ(fast, plain);
    }
  }
}

TEST(PairsFit, LooksAtNeighbouringChannelsOfOnePosition) {
  // [1, 3, 1, 2]: channels 0 and 1 are a pair, channel 2 is alone; positions do not meet.
  EXPECT_TRUE(onednn::pairsFit(Tensor::of<int8_t>({1, 3, 1, 2}, {100, 28, 28, 100, 127, 127})));
  EXPECT_FALSE(onednn::pairsFit(Tensor::of<int8_t>({1, 3, 1, 2}, {100, 28, 29, 100, 127, 127})));
  EXPECT_FALSE(onednn::pairsFit(Tensor::of<int8_t>({1, 2, 1, 1}, {-100, -29})));
}

TEST(PairsFit, LetsOppositeSignsBeLarge) {
  EXPECT_TRUE(onednn::pairsFit(Tensor::of<int8_t>({1, 2, 1, 1}, {127, -127})));
}

/// Lowers the second of two neighbouring channels' weights until the pair fits.
void makePairsFit(Tensor& weights) {
  const int64_t channels = weights.shape()[1], outputs = weights.shape()[0];
  const int64_t positions = weights.elementCount() / (outputs * channels);
  int8_t* const data = weights.data<int8_t>().data();
  for (int64_t output = 0; output < outputs; ++output) {
    for (int64_t channel = 0; channel + 1 < channels; channel += 2) {
      for (int64_t position = 0; position < positions; ++position) {
        int8_t* const first = data + (output * channels + channel) * positions + position;
        int8_t& second = first[positions];
        if ((*first ^ second) >= 0 && std::abs(*first) + std::abs(second) > 128) {
          second = static_cast<int8_t>(second > 0 ? 128 - *first : -128 - *first);
        }
      }
    }
  }
}

TEST(TiledForm, IsTheReferenceBitForBit) {
  Randomness random;
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    const LayerCase test(random, i % 2 == 0 ? DataType::kUInt8 : DataType::kInt8, random.between(1, 3));
    const auto form = onednn::makeTiledForm(test.layer, TileKind::kWords);
    expectSameLevels(test.run(*form), test.node.runReference(test.inputs));
  }
}

TEST(TiledForm, IsTheReferenceForAProductOfMatrices) {
  Randomness random;
  std::vector<NodeInput> inputs;
  inputs.push_back(value(random.integers<uint8_t>({50, 37})));
  inputs.push_back(constant(random.integers<int8_t>({37, 41}, -127, 127)));
  inputs.push_back(constant(Tensor::scalar(uint8_t{9})));
  Int8Layer layer;
  layer.weights = Tensor(DataType::kInt8, {41, 37, 1, 1});
  for (size_t k = 0; k < 37; ++k) {
    for (size_t n = 0; n < 41; ++n) {
      layer.weights.data<int8_t>()[n * 37 + k] = inputs[1].tensor.data<int8_t>()[k * 41 + n];
    }
  }
  layer.dst_type = DataType::kInt32;
  Tensor dst(DataType::kInt32, {50, 41});
  onednn::makeTiledForm(layer, TileKind::kWords)
      ->run(onednn::productShape(50, 37, 41), {inputs[0].tensor, 9, nullptr, dst});
  expectSameLevels(dst, NodeRunner("MatMulInteger").runReference(inputs));
}

TEST(MultiplyExactly, AddsUpProductsOfTwoActivations) {
  const auto a = Tensor::of<uint8_t>({1, 3}, {255, 255, 0});
  const auto b = Tensor::of<int8_t>({3, 2}, {127, -128, 127, -128, 1, 5});
  Int8Layer layer;
  layer.dst_type = DataType::kInt32;
  Tensor dst(DataType::kInt32, {1, 2});
  onednn::multiplyExactly({a, 0}, {b, -3}, onednn::matMulDims({1, 3}, {3, 2}), onednn::Int8Results(layer, 2), dst);
  EXPECT_THAT(dst.data<int32_t>(), testing::ElementsAre(2 * 255 * 130, -2 * 255 * 125));
}

TEST(MultiplyExactly, BroadcastsBatchesAsTheReferenceDoes) {
  Randomness random;
  for (const auto& [a, b] : {std::pair<Shape, Shape>{{2, 1, 30, 7}, {3, 7, 19}}, {{5, 30, 8}, {5, 8, 16}}}) {
    std::vector<NodeInput> inputs;
    inputs.push_back(value(random.integers<uint8_t>(a)));
    inputs.push_back(value(random.integers<uint8_t>(b)));
    inputs.push_back(value(Tensor::scalar(uint8_t{33})));
    inputs.push_back(value(Tensor::scalar(uint8_t{200})));
    Int8Layer layer;
    layer.dst_type = DataType::kInt32;
    const onednn::MatMulDims dims = onednn::matMulDims(a, b);
    Tensor dst(DataType::kInt32, dims.result);
    onednn::multiplyExactly({inputs[0].tensor, 33}, {inputs[1].tensor, 200}, dims,
                            onednn::Int8Results(layer, dims.columns()), dst);
    expectSameLevels(dst, NodeRunner("MatMulInteger").runReference(inputs));
  }
}

/// Weights as large as neighbours may be, and sources near the top: sums of a pair come close to 2^15.
TEST(DirectForm, IsExactWhereTheWeightsProveIt) {
  Randomness random;
  for (int i = 0; i < 150; ++i) {
    SCOPED_TRACE(i);
    LayerCase test(random, DataType::kUInt8, random.between(1, 3));
    makePairsFit(test.layer.weights);
    ASSERT_TRUE(onednn::pairsFit(test.layer.weights));
    test.inputs[3].tensor = test.layer.weights.alias();
    for (uint8_t& x : test.inputs[0].tensor.data<uint8_t>()) x |= 0xF0;
    const auto form = onednn::makeDirectForm(test.layer);
    expectSameLevels(test.run(*form), test.node.runReference(test.inputs));
  }
}

TEST(ExactForms, KnowDepthwiseConvolutionsOfAnyWeights) {
  Randomness random;
  for (int i = 0; i < 80; ++i) {
    SCOPED_TRACE(i);
    // Every other source is read in place.
    LayerCase test(random, DataType::kUInt8, i % 2 == 0 ? random.between(2, 40) : 16 * random.between(1, 3), 1, 1);
    for (uint8_t& x : test.inputs[0].tensor.data<uint8_t>()) x |= 0xF0;
    for (int8_t& weight : test.layer.weights.data<int8_t>()) weight = static_cast<int8_t>(weight | 0x78);
    test.inputs[3].tensor = test.layer.weights.alias();
    const auto form = onednn::chooseInt8Form(test.layer, PairSums::kExact);
    expectSameLevels(test.run(*form), test.node.runReference(test.inputs));
  }
}

TEST(DepthwiseBlockForm, IsTheReferenceForSquareWindowsOfAnySize) {
  Randomness random;
  for (int i = 0; i < 120; ++i) {
    const int64_t taps = i % 2 == 0 ? 3 : 5, stride = i / 2 % 2 + 1;
    const WindowCase window{
        {random.between(taps, 12), random.between(taps, 70)}, {taps, taps}, {stride, stride}, {1, 1}};
    SCOPED_TRACE(fmt::format("{} taps, stride {}, {}", taps, stride, toString(window.source)));
    const int64_t channels = i % 3 == 0 ? 16 * random.between(1, 3) : random.between(2, 40);
    const DataType type = i % 5 == 0 ? DataType::kInt8 : DataType::kUInt8;
    const LayerCase test(random, type, channels, 1, 1, window);
    const auto form = onednn::makeDepthwiseBlockForm(test.layer);
    expectSameLevels(test.run(*form), test.node.runReference(test.inputs));
  }
}

TEST(TiledForm, IsTheReferenceOnWhateverThisCpuMultipliesBytesBy) {
  Randomness random;
  if (onednn::findTileKernel(TileKind::kBytes) == nullptr) GTEST_SKIP() << "this CPU has no VNNI";
  for (int i = 0; i < 60; ++i) {
    const int64_t taps = i % 2 == 0 ? 1 : 3;
    const WindowCase window{
        {random.between(3, 9), random.between(8, 60)}, {taps, taps}, {1, random.between(1, 2)}, {1, 1}};
    SCOPED_TRACE(fmt::format("{} taps, {}", taps, toString(window.source)));
    const int64_t in = i % 3 == 0 ? 4 * random.between(8, 40) : random.between(30, 90);
    const DataType type = i % 5 == 0 ? DataType::kInt8 : DataType::kUInt8;
    const LayerCase test(random, type, random.between(1, 2), in, random.between(1, 70), window);
    const auto form = onednn::makeTiledForm(test.layer, TileKind::kBytes);
    expectSameLevels(test.run(*form), test.node.runReference(test.inputs));
  }
}

TEST(SaturatingForm, IsExactWherePairsStayWithinSixteenBits) {
  Randomness random;
  LayerCase test(random, DataType::kUInt8, 1);
  for (int8_t& weight : test.layer.weights.data<int8_t>()) weight = static_cast<int8_t>(weight / 2);
  expectSameLevels(test.run(*onednn::makeTiledForm(test.layer, TileKind::kPairs)),
                   test.run(*onednn::makeTiledForm(test.layer, TileKind::kWords)));
}

TEST(SaturatingForm, ComputesWhatAPairThatSaturatesLeaves) {
  Int8Layer layer;
  layer.weights = Tensor::of<int8_t>({1, 2, 1, 1}, {127, 127});
  layer.dst_type = DataType::kInt32;
  const Tensor src = Tensor::of<uint8_t>({3, 2}, {255, 255, 100, 100, 7, 9});
  Tensor dst(DataType::kInt32, {3, 1});
  onednn::chooseInt8Form(layer, PairSums::kSaturating)->run(onednn::productShape(3, 2, 1), {src, 10, nullptr, dst});
  const int32_t zero = 10 * 254;
  EXPECT_THAT(dst.data<int32_t>(), testing::ElementsAre(32767 - zero, 25400 - zero, 2032 - zero));
}

TEST(ExactForms, GiveTheSameWithAnyActivation) {
  for (const char* name : {"Relu", "Clip", "LeakyRelu", "HardSwish", "Swish", "Sigmoid"}) {
    Randomness random;
    LayerCase test(random, DataType::kUInt8, 1);
    test.layer.activation = *onednn::findActivation(name, name == std::string("Clip") ? -3.0F : 1.0F, 6.0F);
    for (float& multiplier : test.layer.multipliers) multiplier *= 0.2F;
    test.layer.divisor = 0.2F;
    SCOPED_TRACE(name);
    expectSameLevels(test.run(*onednn::chooseInt8Form(test.layer, PairSums::kExact)),
                     test.run(*onednn::makeActivatedForm(test.layer, PairSums::kExact)), 0.002);
  }
}

TEST(ExactForms, GiveTheSameWithResidualAndActivation) {
  Randomness random;
  for (const DataType type : {DataType::kUInt8, DataType::kInt8}) {
    LayerCase test(random, DataType::kUInt8, 1);
    test.layer.residual = onednn::Int8Scale{type, 0.05F, 17};
    test.layer.activation = *onednn::findActivation("Clip", -3.0F, 6.0F);
    for (float& multiplier : test.layer.multipliers) multiplier *= 0.2F;
    test.layer.divisor = 0.2F;
    const Tensor src = convertLayout(test.inputs[0].tensor, Layout::kChannelsLast);
    Tensor residual =
        type == DataType::kUInt8 ? random.integers<uint8_t>(test.shape.dst) : random.integers<int8_t>(test.shape.dst);
    residual = convertLayout(residual, Layout::kChannelsLast);
    Tensor chosen(DataType::kUInt8, test.shape.dst, Layout::kChannelsLast);
    Tensor tiled(DataType::kUInt8, test.shape.dst, Layout::kChannelsLast);
    onednn::chooseInt8Form(test.layer, PairSums::kExact)->run(test.shape, {src, 77, &residual, chosen});
    onednn::makeTiledForm(test.layer, TileKind::kWords)->run(test.shape, {src, 77, &residual, tiled});
    expectSameLevels(convertLayout(chosen, Layout::kPlain), convertLayout(tiled, Layout::kPlain), 0.002);
  }
}

}  // namespace
}  // namespace quant::test
