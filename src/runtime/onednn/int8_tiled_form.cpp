#include "runtime/onednn/int8_tiled_form.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/onednn/int8_panels.h"
#include "runtime/onednn/int8_results.h"
#include "runtime/onednn/int8_tensor.h"

namespace quant::onednn {

namespace {

constexpr int64_t kBlockRows = 42;          // a multiple of what the vector kernels take at a time
constexpr int64_t kMatrixBlockRows = 48;    // and of what AMX takes
constexpr int64_t kWorthThreads = 1 << 15;  // steps of kPanelColumns products: some microseconds

/// What a form prepares for sources of one shape.
struct TiledShape {
  ConvolutionGeometry geometry;
  SourceImage image;
  std::vector<int32_t> offsets;
  int64_t run_steps;
  TileKernel kernel;
  int64_t line_blocks, parts;  // blocks along a line of the result; parts of the columns
  bool has_threads;
};

class TiledForm final : public Int8Form {
 public:
  TiledForm(const Int8Layer& layer, TileKind kind)
      : layer_(layer), kind_(kind), results_(layer, layer.weights.shape()[0]) {}

  void run(const ConvolutionShape& shape, const Int8Arguments& arguments) override {
    const TiledShape& tiled = cache_.get(keyOf({&arguments.src}), [&] { return prepare(shape); });
    const uint8_t flip = flipOf(layer_.src_type);
    const int32_t zero_point = arguments.src_zero_point + flip;
    if (kind_ != TileKind::kWords) results_.takeOffZeroPoint(zero_point);
    const ConvolutionGeometry& geometry = tiled.geometry;
    const int64_t sample_bytes = geometry.inPixels() * geometry.in_channels;
    std::byte* const copy = tiled.image.isCopy() ? scratch_.reserve(tiled.image.byteSize()) : nullptr;
#pragma omp parallel if (tiled.has_threads)
    for (int64_t sample = 0; sample < geometry.batch; ++sample) {
      const SourceBytes src{bytesOf(arguments.src) + sample * sample_bytes, zero_point, flip};
      const auto* image = reinterpret_cast<const std::byte*>(src.data);
      if (copy != nullptr) {
        image = copy;
#pragma omp for schedule(static)
        for (int64_t line = 0; line < tiled.image.lines(); ++line) {
          tiled.image.copyLine(line, src, copy + line * tiled.image.lineBytes());
        }
      }
      const int64_t lines = geometry.axes[0].out * geometry.axes[1].out;
#pragma omp for collapse(4) schedule(static)
      for (int64_t line = 0; line < lines; ++line) {
        for (int64_t block = 0; block < tiled.line_blocks; ++block) {
          for (int64_t group = 0; group < geometry.groups; ++group) {
            for (int64_t part = 0; part < tiled.parts; ++part) {
              compute(tiled, image, {sample, line, block, group, part}, arguments);
            }
          }
        }
      }
    }
  }

 private:
  struct Piece {
    int64_t sample, line, block, group, part;
  };

  TiledShape prepare(const ConvolutionShape& shape) {
    const ConvolutionGeometry geometry = geometryOf(shape);
    const auto& [depth, height, width] = geometry.axes;
    const std::array<int64_t, 3> kernel{depth.kernel, height.kernel, width.kernel};
    const DepthLayout layout(kind_, kernel, geometry.groupIn(), geometry.groups == 1 && width.dilation == 1);
    if (panels_.empty()) packWeights(geometry, layout);
    const auto numbers = kind_ == TileKind::kWords ? SourceImage::Numbers::kWords : SourceImage::Numbers::kBytes;
    const SourceImage image(geometry, numbers, layer_.src_type == DataType::kInt8, {geometry.groupIn(), kStepBytes});

    const TileKernel matrix_kernel = matrixKernel(geometry, layout);
    const int64_t block_rows = matrix_kernel != nullptr ? kMatrixBlockRows : kBlockRows;
    const int64_t line_blocks = (width.out + block_rows - 1) / block_rows, panels = panels_.front().count();
    // Few blocks: threads share the columns as well.
    const int64_t blocks = line_blocks * depth.out * height.out * geometry.groups;
    const int64_t threads = omp_get_max_threads();
    const int64_t parts = blocks >= 4 * threads ? 1 : std::min(threads, (panels + kMostPanels - 1) / kMostPanels);
    const bool has_threads = geometry.outPixels() * panels * geometry.groups * layout.steps() > kWorthThreads;
    const TileKernel tile_kernel = matrix_kernel != nullptr ? matrix_kernel : findTileKernel(kind_);
    return {geometry, image,      layout.offsets(geometry, image), layout.runSteps(), tile_kernel, line_blocks,
            parts,    has_threads};
  }

  /// AMX where it wins: with fewer rows or shorter runs its registers stay half empty.
  [[nodiscard]] TileKernel matrixKernel(const ConvolutionGeometry& geometry, const DepthLayout& layout) const {
    constexpr int64_t kLeastRows = 8, kLeastSteps = 8;
    const bool wins = geometry.axes[2].out >= kLeastRows && layout.runSteps() >= kLeastSteps;
    return kind_ == TileKind::kBytes && wins ? findMatrixTileKernel() : nullptr;
  }

  void packWeights(const ConvolutionGeometry& geometry, const DepthLayout& layout) {
    const int64_t columns = geometry.groupOut(), channels = geometry.groupIn();
    const int64_t column_size = layer_.weights.elementCount() / layer_.weights.shape()[0];
    const int8_t* weights = layer_.weights.data<int8_t>().data();
    for (int64_t group = 0; group < geometry.groups; ++group, weights += columns * column_size) {
      panels_.emplace_back(weights, columns, channels, column_size / channels, layout);
    }
  }

  void compute(const TiledShape& tiled, const std::byte* image, const Piece& piece,
               const Int8Arguments& arguments) const {
    const ConvolutionGeometry& geometry = tiled.geometry;
    const auto& [depth, height, width] = geometry.axes;
    const int64_t first = width.out * piece.block / tiled.line_blocks;
    const int64_t rows = width.out * (piece.block + 1) / tiled.line_blocks - first;
    const int64_t d = piece.line / height.out, h = piece.line % height.out;
    const std::byte* const from =
        image + d * depth.stride * tiled.image.planeBytes() + h * height.stride * tiled.image.lineBytes() +
        first * width.stride * tiled.image.pixelBytes() + piece.group * geometry.groupIn() * tiled.image.numberBytes();
    const TileRows tile{from,
                        width.stride * tiled.image.pixelBytes(),
                        rows,
                        tiled.offsets.data(),
                        static_cast<int64_t>(tiled.offsets.size()),
                        tiled.run_steps};
    const WeightPanels& panels = panels_[static_cast<size_t>(piece.group)];
    const int64_t pairs = (panels.count() + kMostPanels - 1) / kMostPanels;
    const int64_t first_panel = pairs * piece.part / tiled.parts * kMostPanels;
    const int64_t last_panel = std::min(pairs * (piece.part + 1) / tiled.parts * kMostPanels, panels.count());
    const int64_t row = piece.sample * geometry.outPixels() + piece.line * width.out + first;
    for (int64_t panel = first_panel; panel < last_panel; panel += kMostPanels) {
      alignas(64) std::array<int32_t, kMatrixBlockRows * kPanelColumns * kMostPanels> sums;
      const int64_t taken = std::min(kMostPanels, last_panel - panel);
      const int64_t column = panel * kPanelColumns, channel = piece.group * geometry.groupOut() + column;
      tiled.kernel(tile, panels.from(panel, taken), results_.start(channel), sums.data());
      results_.store(
          {sums.data(), taken, rows, row, channel, std::min(taken * kPanelColumns, geometry.groupOut() - column)},
          arguments.residual, arguments.dst);
    }
  }

  const Int8Layer& layer_;
  TileKind kind_;
  Int8Results results_;
  std::vector<WeightPanels> panels_;  // one for each group
  SourceScratch scratch_;
  ShapeCache<TiledShape> cache_;
};

}  // namespace

std::unique_ptr<Int8Form> makeTiledForm(const Int8Layer& layer, TileKind kind) {
  return std::make_unique<TiledForm>(layer, kind);
}

}  // namespace quant::onednn
