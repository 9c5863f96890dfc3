#include "runtime/onednn/int8_tiled_form.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "runtime/onednn/int8_panels.h"
#include "runtime/onednn/int8_results.h"
#include "runtime/onednn/int8_tensor.h"

namespace quant::onednn {

namespace {

constexpr int64_t kTileRows = 24;  // a multiple of what both vector kernels take at a time

/// One spatial axis; axes that a tensor lacks have size 1.
struct Axis {
  int64_t in = 1, out = 1, kernel = 1, stride = 1, dilation = 1, pad = 0;
};

/// A convolution's geometry over channels-last memory.
struct Geometry {
  std::array<Axis, 3> axes;  // depth, height, width
  int64_t batch = 1, groups = 1, in_channels = 0;

  [[nodiscard]] int64_t inPixels() const { return axes[0].in * axes[1].in * axes[2].in; }
  [[nodiscard]] int64_t outPixels() const { return axes[0].out * axes[1].out * axes[2].out; }
};

Geometry geometryOf(const ConvolutionShape& shape) {
  Geometry geometry;
  const size_t rank = shape.dst.size() - 2, missing = geometry.axes.size() - rank;
  const bool has_groups = shape.weights.size() > shape.dst.size();
  geometry.batch = shape.dst[0];
  geometry.groups = has_groups ? shape.weights[0] : 1;
  geometry.in_channels = shape.src[1];
  for (size_t i = 0; i < rank; ++i) {
    const WindowDims& window = shape.window;
    geometry.axes[missing + i] = {shape.src[2 + i],  shape.dst[2 + i],   shape.weights[(has_groups ? 3 : 2) + i],
                                  window.strides[i], window.gaps[i] + 1, window.pads_begin[i]};
  }
  return geometry;
}

/// Copies what lies under the kernel at some output pixels, in the order and type of a DepthLayout.
class RowGatherer {
 public:
  RowGatherer(const Geometry& geometry, const DepthLayout& layout, const uint8_t* image, int32_t zero_point,
              uint8_t flip)
      : geometry_(geometry), layout_(layout), image_(image), zero_point_(zero_point), flip_(flip) {}

  /// `image` is at the group's first channel.
  void gather(int64_t pixel, std::byte* row) const {
    const auto& [d, h, w] = geometry_.axes;
    const int64_t ow = pixel % w.out, oh = pixel / w.out % h.out, od = pixel / w.out / h.out;
    for (int64_t kd = 0; kd < d.kernel; ++kd) {
      const int64_t id = od * d.stride - d.pad + kd * d.dilation;
      for (int64_t kh = 0; kh < h.kernel; ++kh, row += w.kernel * layout_.position_bytes) {
        const int64_t ih = oh * h.stride - h.pad + kh * h.dilation;
        if (id < 0 || id >= d.in || ih < 0 || ih >= h.in) {
          fill(row, 0, w.kernel);
        } else {
          gatherLine((id * h.in + ih) * w.in, ow * w.stride - w.pad, row);
        }
      }
    }
  }

 private:
  /// The kernel's elements along the width; `start` may lie in the padding.
  void gatherLine(int64_t line, int64_t start, std::byte* row) const {
    const Axis& w = geometry_.axes[2];
    const auto ceilDiv = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
    const int64_t first = start >= 0 ? 0 : std::min(ceilDiv(-start, w.dilation), w.kernel);
    const int64_t last = start >= w.in ? first : std::clamp(ceilDiv(w.in - start, w.dilation), first, w.kernel);
    fill(row, 0, first);
    fill(row, last, w.kernel);
    const uint8_t* const pixels = image_ + (line + start) * geometry_.in_channels;
    const bool in_one_piece =
        w.dilation == 1 && geometry_.groups == 1 && layout_.position_bytes == layout_.channels * layout_.number_bytes;
    if (in_one_piece) {
      return copy(pixels + first * layout_.channels, (last - first) * layout_.channels,
                  row + first * layout_.position_bytes);
    }
    for (int64_t k = first; k < last; ++k) {
      copy(pixels + k * w.dilation * geometry_.in_channels, layout_.channels, row + k * layout_.position_bytes);
    }
  }

  void copy(const uint8_t* from, int64_t count, std::byte* to) const {
    if (layout_.pair_sums == PairSums::kExact) {
      widenRun(from, count, zero_point_, flip_, reinterpret_cast<int16_t*>(to));
    } else {
      std::memcpy(to, from, static_cast<size_t>(count));
    }
  }

  /// Padding: zeros once the zero point is taken off, else the zero point.
  void fill(std::byte* row, int64_t first, int64_t last) const {
    const int value = layout_.pair_sums == PairSums::kExact ? 0 : zero_point_;
    std::memset(row + first * layout_.position_bytes, value,
                static_cast<size_t>((last - first) * layout_.position_bytes));
  }

  const Geometry& geometry_;
  const DepthLayout& layout_;
  const uint8_t* image_;
  int32_t zero_point_;
  uint8_t flip_;
};

/// Σ of the weights of each output channel: what one in the zero point takes off the sum of raw bytes.
std::vector<int32_t> weightSums(const Tensor& weights) {
  const auto data = weights.data<int8_t>();
  const auto channels = static_cast<size_t>(weights.shape()[0]), depth = data.size() / channels;
  std::vector<int32_t> sums(channels, 0);
  for (size_t i = 0; i < data.size(); ++i) sums[i / depth] += data[i];
  return sums;
}

class TiledForm final : public Int8Form {
 public:
  TiledForm(const Int8Layer& layer, PairSums pair_sums)
      : layer_(layer),
        depth_(pair_sums, positionsOf(layer.weights), layer.weights.shape()[1]),
        kernel_(findTileKernel(pair_sums)),
        results_(layer, layer.weights.shape()[0]),
        weight_sums_(weightSums(layer.weights)) {}

  void run(const ConvolutionShape& shape, const Int8Arguments& arguments) override {
    const Geometry geometry = geometryOf(shape);
    if (panels_.empty()) packWeights(geometry.groups);
    const int64_t pixels = geometry.outPixels(), columns = panels_.front().count();
    const int64_t blocks = (pixels + kTileRows - 1) / kTileRows;
    // Few rows: threads share the columns as well.
    const int64_t threads = omp_in_parallel() ? 1 : omp_get_max_threads();
    const int64_t parts = blocks >= 4 * threads ? 1 : std::min(threads, columns);
    const int64_t work = geometry.batch * geometry.groups * pixels * columns * depth_.steps;
#pragma omp parallel for collapse(4) schedule(static) if (work > kWorthThreads)
    for (int64_t sample = 0; sample < geometry.batch; ++sample) {
      for (int64_t group = 0; group < geometry.groups; ++group) {
        for (int64_t block = 0; block < blocks; ++block) {
          for (int64_t part = 0; part < parts; ++part) {
            const Piece piece{sample,
                              group,
                              block * kTileRows,
                              std::min(kTileRows, pixels - block * kTileRows),
                              columns * part / parts,
                              columns * (part + 1) / parts};
            compute(geometry, arguments, piece);
          }
        }
      }
    }
  }

 private:
  static constexpr int64_t kWorthThreads = 1 << 12;  // steps of kPanelColumns products

  /// Some pixels of one sample and some panels of one group.
  struct Piece {
    int64_t sample, group, first_pixel, pixels, first_panel, last_panel;
  };

  static int64_t positionsOf(const Tensor& weights) {
    return elementCount(Shape(weights.shape().begin() + 2, weights.shape().end()));
  }

  void packWeights(int64_t groups) {
    const int64_t columns = layer_.weights.shape()[0] / groups;
    const int8_t* weights = layer_.weights.data<int8_t>().data();
    for (int64_t group = 0; group < groups; ++group) {
      panels_.emplace_back(weights, columns, depth_);
      weights += columns * depth_.channels * depth_.positions;
    }
  }

  void compute(const Geometry& geometry, const Int8Arguments& arguments, const Piece& piece) const {
    const int64_t group_out = layer_.weights.shape()[0] / geometry.groups;
    const uint8_t flip = arguments.src.type() == DataType::kInt8 ? 0x80 : 0;
    const int32_t zero_point = arguments.src_zero_point + flip;
    const uint8_t* const image = bytesOf(arguments.src) + piece.sample * geometry.inPixels() * geometry.in_channels +
                                 piece.group * depth_.channels;
    thread_local std::vector<std::byte> rows;
    rows.assign(static_cast<size_t>(kTileRows * depth_.rowBytes()), std::byte{0});
    const RowGatherer gatherer(geometry, depth_, image, zero_point, flip);
    for (int64_t i = 0; i < piece.pixels; ++i) {
      gatherer.gather(piece.first_pixel + i, rows.data() + i * depth_.rowBytes());
    }
    for (int64_t panel = piece.first_panel; panel < piece.last_panel; ++panel) {
      alignas(64) std::array<int32_t, kTileRows * kPanelColumns> sums;
      kernel_({rows.data(), depth_.rowBytes(), piece.pixels}, panels_[static_cast<size_t>(piece.group)].panel(panel),
              depth_.steps, sums.data());
      const int64_t column = panel * kPanelColumns;
      const SumsBlock block{sums.data(), piece.pixels, piece.sample * geometry.outPixels() + piece.first_pixel,
                            piece.group * group_out + column, std::min(kPanelColumns, group_out - column)};
      if (depth_.pair_sums == PairSums::kSaturating) takeOffZeroPoint(block, zero_point, sums.data());
      results_.store(block, arguments.residual, arguments.dst);
    }
  }

  void takeOffZeroPoint(const SumsBlock& block, int32_t zero_point, int32_t* sums) const {
    for (int64_t r = 0; r < block.rows; ++r) {
      for (int64_t c = 0; c < block.channels; ++c) {
        sums[r * kPanelColumns + c] -= zero_point * weight_sums_[static_cast<size_t>(block.first_channel + c)];
      }
    }
  }

  const Int8Layer& layer_;
  DepthLayout depth_;
  TileKernel kernel_;
  Int8Results results_;
  std::vector<int32_t> weight_sums_;
  std::vector<WeightPanels> panels_;  // one for each group
};

}  // namespace

std::unique_ptr<Int8Form> makeTiledForm(const Int8Layer& layer, PairSums pair_sums) {
  return std::make_unique<TiledForm>(layer, pair_sums);
}

}  // namespace quant::onednn
