#include "runtime/onednn/int8_depthwise_block_form.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "runtime/onednn/int8_depthwise_block.h"
#include "runtime/onednn/int8_depthwise_form.h"
#include "runtime/onednn/int8_line_reader.h"
#include "runtime/onednn/int8_results.h"
#include "runtime/onednn/int8_tensor.h"

namespace quant::onednn {

namespace {

constexpr int64_t kBlockPixels = 28;  // along a line: the sums stay in the first-level cache
constexpr int64_t kMostLines = 4, kMostGroups = 2;
constexpr int64_t kWorthThreads = 1 << 15;  // bytes of the result: some microseconds

struct BlockShape {
  ConvolutionGeometry geometry;
  SourceImage image;
  DepthwiseBlockKernel kernel;
  int64_t groups = 0;
  const int8_t* weights = nullptr;
};

/// The kernel for windows that are square and lie on one plane.
DepthwiseBlockKernel kernelFor(const ConvolutionGeometry& geometry) {
  const auto& [depth, height, width] = geometry.axes;
  const bool is_square = height.kernel == width.kernel && height.stride == width.stride;
  if (!is_square || depth.kernel != 1 || height.dilation != 1 || width.dilation != 1) return {};
  return findDepthwiseBlockKernel(height.kernel, height.stride);
}

class DepthwiseBlockForm final : public Int8Form {
 public:
  explicit DepthwiseBlockForm(const Int8Layer& layer)
      : layer_(layer), channels_(layer.weights.shape()[0]), results_(layer, channels_) {}

  void run(const ConvolutionShape& shape, const Int8Arguments& arguments) override {
    const BlockShape& prepared = cache_.get(keyOf({&arguments.src}), [&] { return prepare(shape); });
    if (prepared.kernel.run == nullptr) return runOther(shape, arguments);
    const uint8_t flip = flipOf(layer_.src_type);
    const int32_t zero_point = arguments.src_zero_point + flip;
    results_.takeOffZeroPoint(zero_point);
    const ConvolutionGeometry& geometry = prepared.geometry;
    const auto& [depth, height, width] = geometry.axes;
    const int64_t out_lines = prepared.kernel.out_lines;
    const int64_t plane_blocks = (height.out + out_lines - 1) / out_lines, blocks = depth.out * plane_blocks;
    const int64_t panels = (channels_ + kPanelColumns - 1) / kPanelColumns;
    // Few blocks: threads share the channels as well.
    const int64_t threads = omp_get_max_threads();
    const int64_t parts = blocks >= 4 * threads ? 1 : std::min(threads, panels);
#pragma omp parallel if (geometry.outPixels() * geometry.out_channels > kWorthThreads)
    for (int64_t sample = 0; sample < geometry.batch; ++sample) {
      const uint8_t* const data = bytesOf(arguments.src) + sample * geometry.inPixels() * geometry.in_channels;
      LineReader reader(geometry, prepared.image, {data, zero_point, flip}, 1, prepared.groups * kGroupLines);
#pragma omp for collapse(2) schedule(static) nowait
      for (int64_t part = 0; part < parts; ++part) {
        for (int64_t block = 0; block < blocks; ++block) {
          const int64_t line = block % plane_blocks * out_lines;
          const Piece piece{sample,
                            block / plane_blocks,
                            line,
                            std::min(out_lines, height.out - line),
                            panels * part / parts,
                            panels * (part + 1) / parts};
          compute(prepared, reader, piece, arguments);
        }
      }
    }
  }

 private:
  struct Piece {
    int64_t sample, plane, line, lines;
    int64_t first_panel, last_panel;
  };

  BlockShape prepare(const ConvolutionShape& shape) {
    const ConvolutionGeometry geometry = geometryOf(shape);
    const bool is_signed = layer_.src_type == DataType::kInt8;
    BlockShape prepared{geometry,
                        {geometry, SourceImage::Numbers::kBytes, is_signed, {geometry.in_channels, kPanelColumns}},
                        kernelFor(geometry)};
    if (prepared.kernel.run == nullptr) return prepared;
    const ConvolutionAxis& axis = geometry.axes[2];
    prepared.groups = prepared.kernel.groups(axis.kernel, axis.stride);
    auto& packed = packed_[axis.stride];
    if (packed.empty()) packed = packWeights(prepared.kernel.out_lines, prepared.groups, axis);
    prepared.weights = packed.data();
    return prepared;
  }

  /// As [panels][groups][out_lines][taps][kPanelColumns][kGroupLines]: line l of the source is line l - stride * o of
  /// the window of line o of the result, or none of it.
  [[nodiscard]] std::vector<int8_t> packWeights(int64_t out_lines, int64_t groups, const ConvolutionAxis& axis) const {
    const int64_t taps = axis.kernel, panels = (channels_ + kPanelColumns - 1) / kPanelColumns;
    const auto weights = layer_.weights.data<int8_t>();
    std::vector<int8_t> packed(static_cast<size_t>(panels * panelBytes(groups, out_lines, taps)), 0);
    for (int64_t channel = 0; channel < channels_; ++channel) {
      for (int64_t out = 0; out < out_lines; ++out) {
        for (int64_t at = 0; at < taps * taps; ++at) {
          const int64_t line = out * axis.stride + at / taps, tap = at % taps;
          const int64_t row = ((channel / kPanelColumns * groups + line / kGroupLines) * out_lines + out) * taps + tap;
          const int64_t byte = (row * kPanelColumns + channel % kPanelColumns) * kGroupLines + line % kGroupLines;
          packed[static_cast<size_t>(byte)] = weights[static_cast<size_t>(channel * taps * taps + at)];
        }
      }
    }
    return packed;
  }

  static int64_t panelBytes(int64_t groups, int64_t out_lines, int64_t taps) {
    return groups * out_lines * taps * kPanelColumns * kGroupLines;
  }

  void compute(const BlockShape& shape, LineReader& reader, const Piece& piece, const Int8Arguments& arguments) const {
    const auto& [depth, height, width] = shape.geometry.axes;
    const int64_t lines_under = DepthwiseBlockKernel::linesUnder(piece.lines, height.kernel, height.stride);
    std::array<const std::byte*, kMostGroups * kGroupLines> lines;
    for (int64_t i = 0; i < shape.groups * kGroupLines; ++i) {
      // The lines that fill up the groups meet weights of 0, or are those of results that nobody wants.
      const int64_t line = piece.line * height.stride + std::min(i, lines_under - 1);
      lines[static_cast<size_t>(i)] = reader.line(piece.plane * depth.stride, line);
    }
    const int64_t pixel_bytes = shape.image.pixelBytes(), step_bytes = width.stride * pixel_bytes;
    const int64_t row = piece.sample * shape.geometry.outPixels() + (piece.plane * height.out + piece.line) * width.out;
    const int64_t turns = (width.out + kBlockPixels - 1) / kBlockPixels;
    for (int64_t turn = 0; turn < turns; ++turn) {
      const int64_t first = width.out * turn / turns, count = width.out * (turn + 1) / turns - first;
      auto starts = lines;
      for (int64_t i = 0; i < shape.groups * kGroupLines; ++i) starts[static_cast<size_t>(i)] += first * step_bytes;
      computePixels(shape, {starts.data(), shape.groups, pixel_bytes, step_bytes, count}, piece, row + first,
                    arguments);
    }
  }

  void computePixels(const BlockShape& shape, const DepthwiseBlock& block, const Piece& piece, int64_t row,
                     const Int8Arguments& arguments) const {
    const ConvolutionAxis& width = shape.geometry.axes[2];
    const int64_t panel_bytes = panelBytes(shape.groups, shape.kernel.out_lines, width.kernel);
    for (int64_t panel = piece.first_panel; panel < piece.last_panel; ++panel) {
      alignas(64) std::array<int32_t, kMostLines * kBlockPixels * kPanelColumns> sums;
      const int64_t channel = panel * kPanelColumns;
      shape.kernel.run(block, channel, shape.weights + panel * panel_bytes, results_.start(channel), sums.data());
      for (int64_t line = 0; line < piece.lines; ++line) {
        results_.store({sums.data() + line * block.pixels * kPanelColumns, 1, block.pixels, row + line * width.out,
                        channel, std::min(kPanelColumns, channels_ - channel)},
                       arguments.residual, arguments.dst);
      }
    }
  }

  void runOther(const ConvolutionShape& shape, const Int8Arguments& arguments) {
    if (other_ == nullptr) other_ = makeDepthwiseForm(layer_);
    other_->run(shape, arguments);
  }

  const Int8Layer& layer_;
  int64_t channels_;
  Int8Results results_;
  std::map<int64_t, std::vector<int8_t>> packed_;  // by the stride
  ShapeCache<BlockShape> cache_;
  std::unique_ptr<Int8Form> other_;
};

}  // namespace

std::unique_ptr<Int8Form> makeDepthwiseBlockForm(const Int8Layer& layer) {
  return std::make_unique<DepthwiseBlockForm>(layer);
}

}  // namespace quant::onednn
