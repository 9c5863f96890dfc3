// RoiAlign, MaxRoiPool: a grid of numbers from each region of a picture.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "core/error.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// The channels of one picture.
struct Picture {
  const double* data;
  int64_t channels, height, width;

  [[nodiscard]] double at(int64_t channel, int64_t y, int64_t x) const {
    return data[(channel * height + y) * width + x];
  }
};

/// Four neighbours of a point and what they weigh.
struct Sample {
  int64_t top, left, bottom, right;
  std::array<double, 4> weights;

  [[nodiscard]] std::array<double, 4> products(const Picture& picture, int64_t channel) const {
    return {weights[0] * picture.at(channel, top, left), weights[1] * picture.at(channel, top, right),
            weights[2] * picture.at(channel, bottom, left), weights[3] * picture.at(channel, bottom, right)};
  }
};

/// A point more than one element outside weighs nothing, others are moved to the edge.
Sample sampleAt(double y, double x, const Picture& picture) {
  const auto height = static_cast<double>(picture.height), width = static_cast<double>(picture.width);
  if (!(y >= -1) || y > height || !(x >= -1) || x > width) return {0, 0, 0, 0, {}};
  y = std::clamp(y, 0.0, height - 1);
  x = std::clamp(x, 0.0, width - 1);
  const auto top = static_cast<int64_t>(y), left = static_cast<int64_t>(x);
  const double down = y - static_cast<double>(top), along = x - static_cast<double>(left);
  return {top,
          left,
          std::min(top + 1, picture.height - 1),
          std::min(left + 1, picture.width - 1),
          {(1 - down) * (1 - along), (1 - down) * along, down * (1 - along), down * along}};
}

struct Region {
  int64_t picture;
  double left, top, right, bottom;
};

struct Pictures {
  std::vector<double> elements;
  Shape shape;

  [[nodiscard]] Picture operator[](int64_t index) const {
    return {elements.data() + index * shape[1] * shape[2] * shape[3], shape[1], shape[2], shape[3]};
  }
};

Pictures picturesOf(KernelContext& context) {
  const Tensor& x = context.input(0);
  if (x.rank() != 4 || x.shape()[2] < 1 || x.shape()[3] < 1) {
    throwBadInput("X has shape {}, expected [batch, channels, height, width]", toString(x.shape()));
  }
  return {elementsAs<double>(x), x.shape()};
}

int64_t pictureIndex(int64_t index, const Pictures& pictures) {
  if (index >= 0 && index < pictures.shape[0]) return index;
  throwBadInput("a region lies in picture {} of {}", index, pictures.shape[0]);
}

/// Rows of input 1: `columns` numbers each.
std::vector<double> regionRows(KernelContext& context, int64_t columns) {
  const Tensor& rois = context.input(1);
  if (rois.rank() != 2 || rois.shape()[1] != columns) {
    throwBadInput("rois has shape {}, expected [regions, {}]", toString(rois.shape()), columns);
  }
  return elementsAs<double>(rois);
}

void give(KernelContext& context, Shape shape, const std::vector<double>& values) {
  const DataType type = context.inputAsIs(0).type();
  withElementType(type, kFloatTypes, "RoiAlign or MaxRoiPool", [&](auto example) {
    using T = decltype(example);
    std::ranges::transform(values, context.output(0, type, std::move(shape)).data<T>().begin(), fromReal<T>);
  });
}

// --- RoiAlign -----------------------------------------------------------------------------------------------------

/// Along a bin; a damaged file may ask for any number.
constexpr int64_t kMostPoints = 1 << 10;

struct Alignment {
  int64_t height, width, sampling_ratio;
  double scale;
  bool half_pixel, takes_most;
};

/// The points of one bin, as many in each direction as the ratio says, or one for each element that it covers.
std::vector<Sample> samplesOf(const Alignment& alignment, const Region& region, int64_t row, int64_t column,
                              const Picture& picture) {
  const double offset = alignment.half_pixel ? 0.5 : 0;
  const double top = region.top * alignment.scale - offset, left = region.left * alignment.scale - offset;
  double height = region.bottom * alignment.scale - offset - top,
         width = region.right * alignment.scale - offset - left;
  if (!alignment.half_pixel) {
    height = std::max(height, 1.0);
    width = std::max(width, 1.0);
  }
  const double bin_height = height / static_cast<double>(alignment.height);
  const double bin_width = width / static_cast<double>(alignment.width);
  const auto pointsIn = [&](double bin) {
    const double most = std::min(std::ceil(bin), static_cast<double>(kMostPoints));
    return alignment.sampling_ratio > 0 ? alignment.sampling_ratio : truncateTo<int64_t>(most);
  };
  const int64_t rows = pointsIn(bin_height), columns = pointsIn(bin_width);
  std::vector<Sample> samples;
  for (int64_t i = 0; i < rows; ++i) {
    const double y =
        top + bin_height * (static_cast<double>(row) + (static_cast<double>(i) + 0.5) / static_cast<double>(rows));
    for (int64_t j = 0; j < columns; ++j) {
      const double x = left + bin_width * (static_cast<double>(column) +
                                           (static_cast<double>(j) + 0.5) / static_cast<double>(columns));
      samples.push_back(sampleAt(y, x, picture));
    }
  }
  return samples;
}

/// The mean of the interpolated points; or, as ONNX defines it, the largest weighted neighbour of any of them.
double summaryOf(const std::vector<Sample>& samples, const Picture& picture, int64_t channel, bool takes_most) {
  if (samples.empty()) return 0;
  double sum = 0, most = -std::numeric_limits<double>::infinity();
  for (const Sample& sample : samples) {
    const auto products = sample.products(picture, channel);
    for (const double product : products) sum += product;
    most = std::max(most, std::ranges::max(products));
  }
  return takes_most ? most : sum / static_cast<double>(samples.size());
}

void roiAlign(const Node& node, KernelContext& context, const char* default_mode) {
  const Pictures pictures = picturesOf(context);
  const auto rows = regionRows(context, 4);
  const auto indices = elementsAs<int64_t>(context.input(2));
  const int64_t count = std::ssize(rows) / 4, channels = pictures.shape[1];
  if (std::ssize(indices) != count) throwBadInput("{} regions, but {} batch_indices", count, indices.size());
  const Alignment alignment{node.attr("output_height", int64_t{1}),
                            node.attr("output_width", int64_t{1}),
                            node.attr("sampling_ratio", int64_t{0}),
                            double{node.attr("spatial_scale", 1.0F)},
                            node.attr("coordinate_transformation_mode", default_mode) == "half_pixel",
                            node.attr("mode", "avg") == "max"};
  if (alignment.height < 1 || alignment.width < 1) {
    throwBadInput("output of {} x {}, expected at least 1 x 1", alignment.height, alignment.width);
  }
  if (alignment.sampling_ratio > kMostPoints) {
    throwBadInput("sampling_ratio is {}, expected at most {}", alignment.sampling_ratio, kMostPoints);
  }
  const int64_t bins = alignment.height * alignment.width;
  std::vector<double> results(static_cast<size_t>(count * channels * bins));
  for (int64_t r = 0; r < count; ++r) {
    const double* const row = rows.data() + 4 * r;
    const Region region{pictureIndex(indices[static_cast<size_t>(r)], pictures), row[0], row[1], row[2], row[3]};
    const Picture picture = pictures[region.picture];
    for (int64_t bin = 0; bin < bins; ++bin) {
      const auto samples = samplesOf(alignment, region, bin / alignment.width, bin % alignment.width, picture);
      for (int64_t c = 0; c < channels; ++c) {
        results[static_cast<size_t>((r * channels + c) * bins + bin)] =
            summaryOf(samples, picture, c, alignment.takes_most);
      }
    }
  }
  give(context, {count, channels, alignment.height, alignment.width}, results);
}

// --- MaxRoiPool ---------------------------------------------------------------------------------------------------

/// Elements [begin, end) of an axis that a bin of a region covers.
struct Span {
  int64_t begin, end;
};

/// `first` and `last` are the region's ends, both in it.
Span binSpan(double first, double last, int64_t bin, int64_t bins, int64_t size) {
  const double start = std::round(first);
  const double width = std::max(std::round(last) - start + 1, 1.0) / static_cast<double>(bins);
  const auto cut = [size](double position) { return std::clamp(truncateTo<int64_t>(position), int64_t{0}, size); };
  return {cut(start + std::floor(static_cast<double>(bin) * width)),
          cut(start + std::ceil(static_cast<double>(bin + 1) * width))};
}

double largestIn(const Picture& picture, int64_t channel, Span rows, Span columns) {
  if (rows.begin >= rows.end || columns.begin >= columns.end) return 0;
  double most = -std::numeric_limits<double>::infinity();
  for (int64_t y = rows.begin; y < rows.end; ++y) {
    for (int64_t x = columns.begin; x < columns.end; ++x) most = std::max(most, picture.at(channel, y, x));
  }
  return most;
}

void maxRoiPool(const Node& node, KernelContext& context) {
  const Pictures pictures = picturesOf(context);
  const auto rows = regionRows(context, 5);
  const auto pooled = node.attr("pooled_shape", std::vector<int64_t>{});
  if (pooled.size() != 2 || pooled[0] < 1 || pooled[1] < 1) {
    throwBadInput("pooled_shape should hold two sizes of at least 1");
  }
  const double scale = double{node.attr("spatial_scale", 1.0F)};
  const int64_t count = std::ssize(rows) / 5, channels = pictures.shape[1];
  std::vector<double> results;
  for (int64_t r = 0; r < count; ++r) {
    const double* const row = rows.data() + 5 * r;
    const Region region{pictureIndex(truncateTo<int64_t>(row[0]), pictures), row[1] * scale, row[2] * scale,
                        row[3] * scale, row[4] * scale};
    const Picture picture = pictures[region.picture];
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t y = 0; y < pooled[0]; ++y) {
        const Span high = binSpan(region.top, region.bottom, y, pooled[0], picture.height);
        for (int64_t x = 0; x < pooled[1]; ++x) {
          const Span wide = binSpan(region.left, region.right, x, pooled[1], picture.width);
          results.push_back(largestIn(picture, c, high, wide));
        }
      }
    }
  }
  give(context, {count, channels, pooled[0], pooled[1]}, results);
}

}  // namespace

void registerRegionPooling(KernelRegistry& registry) {
  registry.addFunction("RoiAlign", 10,
                       [](const Node& node, KernelContext& context) { roiAlign(node, context, "output_half_pixel"); });
  registry.addFunction("RoiAlign", 16,
                       [](const Node& node, KernelContext& context) { roiAlign(node, context, "half_pixel"); });
  registry.addFunction("MaxRoiPool", 1, maxRoiPool);
}

}  // namespace quant::reference
