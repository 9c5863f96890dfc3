#include "runtime/reference/integer_convolution.h"

#include <algorithm>

#include "runtime/broadcast.h"

namespace quant::reference {

namespace {

constexpr TypeList<uint8_t, int8_t> kQuantizedTypes;
constexpr int64_t kTilePixels = 32;         // whose windows stay in cache while the weights pass by
constexpr int64_t kWorthThreads = 1 << 17;  // products

/// dst[i] = src[i] - zero_point.
template <class T>
void widen(const T* src, int64_t count, int32_t zero_point, int16_t* dst) {
  const auto zero = static_cast<int16_t>(zero_point);
  parallelRange(count, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) dst[i] = static_cast<int16_t>(src[i] - zero);
  });
}

/// Copies what lies under the kernel at output pixel `pixel` to `window`: [kernel, group_in], zero in the padding.
/// `image` is [in..., channels], already at the group's first channel.
void gatherWindow(const int16_t* image, int64_t pixel, const ConvolutionShapes& shapes, int16_t* window) {
  const WindowAxis &d = shapes.window.depth(), &h = shapes.window.height(), &w = shapes.window.width();
  const int64_t ow = pixel % w.out, oh = pixel / w.out % h.out, od = pixel / w.out / h.out;
  const int64_t channels = shapes.inChannels(), group_in = shapes.group_in;
  const int64_t first = w.first(ow), last = std::max(first, w.last(ow));
  // Neighbouring kernel elements see neighbouring pixels, which lie in one piece.
  const bool in_one_piece = w.dilation == 1 && shapes.groups == 1;
  for (int64_t kd = 0; kd < d.kernel; ++kd) {
    for (int64_t kh = 0; kh < h.kernel; ++kh, window += w.kernel * group_in) {
      const int64_t id = d.start(od) + kd * d.dilation, ih = h.start(oh) + kh * h.dilation;
      if (id < 0 || id >= d.in || ih < 0 || ih >= h.in) {
        std::fill_n(window, w.kernel * group_in, int16_t{0});
        continue;
      }
      const int16_t* const line = image + ((id * h.in + ih) * w.in + w.start(ow)) * channels;
      std::fill_n(window, first * group_in, int16_t{0});
      if (in_one_piece) {
        std::copy_n(line + first * channels, (last - first) * channels, window + first * group_in);
      } else {
        for (int64_t k = first; k < last; ++k) {
          std::copy_n(line + k * w.dilation * channels, group_in, window + k * group_in);
        }
      }
      std::fill_n(window + last * group_in, (w.kernel - last) * group_in, int16_t{0});
    }
  }
}

/// Σ over the kernel of image x weights for every channel of one output pixel.
void depthwisePixel(const int16_t* image, int64_t pixel, const ConvolutionShapes& shapes, const PackedRows& weights,
                    int32_t* sums) {
  const WindowAxis &d = shapes.window.depth(), &h = shapes.window.height(), &w = shapes.window.width();
  const int64_t ow = pixel % w.out, oh = pixel / w.out % h.out, od = pixel / w.out / h.out;
  const int64_t channels = shapes.inChannels();
  std::fill_n(sums, channels, 0);
  for (int64_t kd = d.first(od); kd < d.last(od); ++kd) {
    for (int64_t kh = h.first(oh); kh < h.last(oh); ++kh) {
      const int64_t id = d.start(od) + kd * d.dilation, ih = h.start(oh) + kh * h.dilation;
      for (int64_t kw = w.first(ow); kw < w.last(ow); ++kw) {
        const int64_t iw = w.start(ow) + kw * w.dilation;
        const int16_t* const x = image + ((id * h.in + ih) * w.in + iw) * channels;
        const int16_t* const k = weights.row((kd * h.kernel + kh) * w.kernel + kw);
        for (int64_t c = 0; c < channels; ++c) sums[c] += int32_t{x[c]} * k[c];
      }
    }
  }
}

}  // namespace

IntegerConvolution::IntegerConvolution(const Tensor& weights, std::span<const int32_t> zero_points, int64_t groups) {
  const int64_t channels = weights.shape()[0], group_in = weights.shape()[1];
  const int64_t kernel = elementCount(weights.shape()) / std::max<int64_t>(1, channels * group_in);
  depthwise_ = group_in == 1 && channels == groups;
  weights_ = depthwise_ ? PackedRows(kernel, channels) : PackedRows(channels, kernel * group_in);
  withElementType(weights.type(), kQuantizedTypes, "QLinearConv", [&](auto example) {
    const auto* from = weights.data<decltype(example)>().data();
    for (int64_t m = 0; m < channels; ++m) {
      for (int64_t c = 0; c < group_in; ++c) {
        for (int64_t k = 0; k < kernel; ++k) {
          int16_t& to = depthwise_ ? weights_.row(k)[m] : weights_.row(m)[k * group_in + c];
          to = static_cast<int16_t>(*from++ - zero_points[static_cast<size_t>(m)]);
        }
      }
    }
  });
}

void IntegerConvolution::run(const Tensor& src, int32_t zero_point, const ConvolutionShapes& shapes,
                             const StoreSums& store) const {
  const int64_t image_size = shapes.inChannels() * shapes.window.inSize();
  std::vector<int16_t> image(static_cast<size_t>(image_size));
  for (int64_t n = 0; n < shapes.batch; ++n) {
    withElementType(src.type(), kQuantizedTypes, "QLinearConv", [&](auto example) {
      widen(src.data<decltype(example)>().data() + n * image_size, image_size, zero_point, image.data());
    });
    const int64_t first_pixel = n * shapes.window.outSize();
    if (depthwise_) {
      runDepthwise(image.data(), first_pixel, shapes, store);
    } else {
      runDense(image.data(), first_pixel, shapes, store);
    }
  }
}

void IntegerConvolution::runDense(const int16_t* image, int64_t first_pixel, const ConvolutionShapes& shapes,
                                  const StoreSums& store) const {
  const int64_t pixels = shapes.window.outSize(), depth = weights_.depth, group_out = shapes.group_out;
  const int64_t tiles = (pixels + kTilePixels - 1) / kTilePixels;
  // A pointwise convolution's windows are the image's pixels, where no padding to whole vectors is missing.
  const bool in_place = shapes.groups == 1 && shapes.window.isPointwise() && depth == shapes.group_in;
#pragma omp parallel if (pixels * depth * shapes.outChannels() > kWorthThreads)
  {
    std::vector<int16_t> windows(static_cast<size_t>(in_place ? 0 : kTilePixels * depth), 0);
    std::vector<int32_t> sums(static_cast<size_t>(kTilePixels * group_out));
#pragma omp for collapse(2) schedule(static)
    for (int64_t tile = 0; tile < tiles; ++tile) {
      for (int64_t group = 0; group < shapes.groups; ++group) {
        const int64_t begin = tile * kTilePixels, count = std::min(kTilePixels, pixels - begin);
        for (int64_t i = 0; i < count && !in_place; ++i) {
          gatherWindow(image + group * shapes.group_in, begin + i, shapes, windows.data() + i * depth);
        }
        dotProducts(in_place ? image + begin * depth : windows.data(), count, weights_.row(group * group_out),
                    group_out, depth, sums.data());
        for (int64_t i = 0; i < count; ++i) {
          store(first_pixel + begin + i, group * group_out,
                {sums.data() + i * group_out, static_cast<size_t>(group_out)});
        }
      }
    }
  }
}

void IntegerConvolution::runDepthwise(const int16_t* image, int64_t first_pixel, const ConvolutionShapes& shapes,
                                      const StoreSums& store) const {
#pragma omp parallel if (shapes.window.outSize() * weights_.rows * weights_.depth > kWorthThreads)
  {
    std::vector<int32_t> sums(static_cast<size_t>(shapes.inChannels()));
#pragma omp for schedule(static)
    for (int64_t pixel = 0; pixel < shapes.window.outSize(); ++pixel) {
      depthwisePixel(image, pixel, shapes, weights_, sums.data());
      store(first_pixel + pixel, 0, sums);
    }
  }
}

}  // namespace quant::reference
