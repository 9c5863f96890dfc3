#include "runtime/onednn/int8_depthwise_form.h"

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/onednn/int8_depthwise.h"
#include "runtime/onednn/int8_line_reader.h"
#include "runtime/onednn/int8_results.h"
#include "runtime/onednn/int8_source.h"
#include "runtime/onednn/int8_tensor.h"

namespace quant::onednn {

namespace {

constexpr int64_t kBlockPixels = 28;        // along a line: their sums stay in the first-level cache
constexpr int64_t kWorthThreads = 1 << 15;  // bytes of the result: some microseconds

/// What the form prepares for sources of one shape.
struct DepthwiseShape {
  ConvolutionGeometry geometry;
  SourceImage image;

  DepthwiseShape(const ConvolutionGeometry& of_source, bool is_signed)
      : geometry(of_source),
        image(of_source, SourceImage::Numbers::kBytes, is_signed, {of_source.in_channels, kPanelColumns}) {}
};

/// The lines of the source under a line of the result.
class LinesUnder {
 public:
  LinesUnder(const DepthwiseShape& shape, const SourceBytes& src)
      : shape_(shape), reader_(shape.geometry, shape.image, src, reach(shape, 0), reach(shape, 1)) {
    lines_.resize(static_cast<size_t>(shape.geometry.axes[0].kernel * shape.geometry.axes[1].kernel));
  }

  void moveTo(int64_t line) {
    const auto& [depth, height, width] = shape_.geometry.axes;
    for (int64_t i = 0; i < static_cast<int64_t>(lines_.size()); ++i) {
      const int64_t d = line / height.out * depth.stride + i / height.kernel * depth.dilation;
      const int64_t h = line % height.out * height.stride + i % height.kernel * height.dilation;
      lines_[static_cast<size_t>(i)] = reader_.line(d, h);
    }
  }

  /// The pixels of the result from `first` on.
  DepthwiseLine pixels(int64_t first, int64_t count) {
    const ConvolutionAxis& width = shape_.geometry.axes[2];
    const int64_t pixel_bytes = shape_.image.pixelBytes(), step_bytes = width.stride * pixel_bytes;
    starts_ = lines_;
    for (const std::byte*& start : starts_) start += first * step_bytes;
    return {starts_.data(), static_cast<int64_t>(lines_.size()), width.kernel, width.dilation * pixel_bytes, step_bytes,
            count};
  }

 private:
  static int64_t reach(const DepthwiseShape& shape, size_t axis) {
    const ConvolutionAxis& along = shape.geometry.axes[axis];
    return (along.kernel - 1) * along.dilation + 1;
  }

  const DepthwiseShape& shape_;
  LineReader reader_;
  std::vector<const std::byte*> lines_, starts_;
};

class DepthwiseForm final : public Int8Form {
 public:
  explicit DepthwiseForm(const Int8Layer& layer)
      : layer_(layer),
        kernel_(findDepthwiseKernel()),
        results_(layer, layer.weights.shape()[0]),
        taps_(layer.weights.elementCount() / layer.weights.shape()[0]) {
    packWeights();
  }

  void run(const ConvolutionShape& shape, const Int8Arguments& arguments) override {
    const bool is_signed = layer_.src_type == DataType::kInt8;
    const DepthwiseShape& prepared =
        cache_.get(keyOf({&arguments.src}), [&] { return DepthwiseShape(geometryOf(shape), is_signed); });
    const uint8_t flip = flipOf(layer_.src_type);
    const int32_t zero_point = arguments.src_zero_point + flip;
    results_.takeOffZeroPoint(zero_point);
    const ConvolutionGeometry& geometry = prepared.geometry;
    const int64_t lines = geometry.axes[0].out * geometry.axes[1].out, width = geometry.axes[2].out;
#pragma omp parallel if (geometry.outPixels() * geometry.out_channels > kWorthThreads)
    for (int64_t sample = 0; sample < geometry.batch; ++sample) {
      const uint8_t* const data = bytesOf(arguments.src) + sample * geometry.inPixels() * geometry.in_channels;
      LinesUnder lines_under(prepared, {data, zero_point, flip});
#pragma omp for schedule(static) nowait
      for (int64_t line = 0; line < lines; ++line) {
        lines_under.moveTo(line);
        computeLine(lines_under, width, sample * geometry.outPixels() + line * width, arguments);
      }
    }
  }

 private:
  void packWeights() {
    const int64_t channels = layer_.weights.shape()[0], panels = (channels + kPanelColumns - 1) / kPanelColumns;
    weights_.assign(static_cast<size_t>(panels * taps_ * kPanelColumns), 0);
    const int8_t* weights = layer_.weights.data<int8_t>().data();
    for (int64_t channel = 0; channel < channels; ++channel) {
      for (int64_t tap = 0; tap < taps_; ++tap) {
        const int64_t at = (channel / kPanelColumns * taps_ + tap) * kPanelColumns + channel % kPanelColumns;
        // The upper 16 bits meet zeros, whichever way the kernel multiplies.
        weights_[static_cast<size_t>(at)] = *weights++;
      }
    }
  }

  /// A line of `width` pixels of the result, the first of which is pixel `row` of all.
  void computeLine(LinesUnder& lines_under, int64_t width, int64_t row, const Int8Arguments& arguments) const {
    const int64_t blocks = (width + kBlockPixels - 1) / kBlockPixels;
    for (int64_t block = 0; block < blocks; ++block) {
      const int64_t first = width * block / blocks, count = width * (block + 1) / blocks - first;
      computePixels(lines_under.pixels(first, count), row + first, arguments);
    }
  }

  void computePixels(const DepthwiseLine& line, int64_t row, const Int8Arguments& arguments) const {
    const int64_t channels = layer_.weights.shape()[0];
    const int32_t* weights = weights_.data();
    for (int64_t channel = 0; channel < channels; channel += kPanelColumns, weights += taps_ * kPanelColumns) {
      alignas(64) std::array<int32_t, kBlockPixels * kPanelColumns> sums;
      kernel_(line, channel, weights, results_.start(channel), sums.data());
      results_.store({sums.data(), 1, line.pixels, row, channel, std::min(kPanelColumns, channels - channel)},
                     arguments.residual, arguments.dst);
    }
  }

  const Int8Layer& layer_;
  DepthwiseKernel kernel_;
  Int8Results results_;
  int64_t taps_;
  std::vector<int32_t> weights_;  // [panels][taps][kPanelColumns]
  ShapeCache<DepthwiseShape> cache_;
};

}  // namespace

std::unique_ptr<Int8Form> makeDepthwiseForm(const Int8Layer& layer) { return std::make_unique<DepthwiseForm>(layer); }

}  // namespace quant::onednn
