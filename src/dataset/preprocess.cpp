#include "dataset/preprocess.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "core/error.h"
#include "dataset/element_types.h"

namespace quant {

namespace {

/// The crop of a kCropFraction rule when the model leaves its size open: the size of most ImageNet networks.
constexpr ImageSize kUsualCrop{224, 224};

/// What a model's input says about pictures; kOpenSize where it says nothing.
struct PictureAxes {
  int64_t channels = kOpenSize;
  int64_t height = kOpenSize;
  int64_t width = kOpenSize;

  [[nodiscard]] bool hasSize() const { return height != kOpenSize && width != kOpenSize; }
  [[nodiscard]] ImageSize size() const { return {static_cast<int>(width), static_cast<int>(height)}; }
};

bool isChannelCount(int64_t size) { return size == 1 || size == 3; }

/// The axes without the batch.
std::span<const int64_t> sampleAxes(const InputSpec& input) {
  const std::span<const int64_t> shape(input.shape);
  if (shape.size() == 4) return shape.subspan(1);
  if (shape.size() == 3) return shape;
  throwBadInput("model input {} cannot be fed with pictures, which need [N,C,H,W] or [N,H,W,C]", toString(input));
}

PixelLayout chooseLayout(PixelLayout wanted, const InputSpec& input) {
  if (wanted != PixelLayout::kAuto) return wanted;
  if (!input.rank_known) return PixelLayout::kNchw;
  const auto axes = sampleAxes(input);
  const bool channels_last = isChannelCount(axes[2]) && !isChannelCount(axes[0]);
  return channels_last ? PixelLayout::kNhwc : PixelLayout::kNchw;
}

PictureAxes pictureAxes(const InputSpec& input, PixelLayout layout) {
  if (!input.rank_known) return {};
  const auto axes = sampleAxes(input);
  if (layout == PixelLayout::kNhwc) return {axes[2], axes[0], axes[1]};
  return {axes[0], axes[1], axes[2]};
}

size_t channelCount(Color color) { return color == Color::kGray ? 1 : 3; }

Color chooseColor(Color wanted, const PictureAxes& model, const InputSpec& input) {
  if (model.channels != kOpenSize && !isChannelCount(model.channels)) {
    throwBadInput("model input {} has {} channels, but pictures have 1 or 3", toString(input), model.channels);
  }
  if (wanted == Color::kAuto) return model.channels == 1 ? Color::kGray : Color::kRgb;
  const auto given = static_cast<int64_t>(channelCount(wanted));
  if (model.channels != kOpenSize && model.channels != given) {
    throwBadInput("model input {} has {} channels, but the preprocessing gives {}", toString(input), model.channels,
                  given);
  }
  return wanted;
}

CropRule centerCrop(ImageSize size) { return {CropMode::kCenter, size}; }

CropRule chooseCrop(const Preprocess& wanted, const PictureAxes& model) {
  if (wanted.crop.mode != CropMode::kAuto) return wanted.crop;
  const CropRule none{CropMode::kNone, {}};
  const CropRule to_model = model.hasSize() ? centerCrop(model.size()) : none;
  switch (wanted.resize.mode) {
    case ResizeMode::kAuto:
    case ResizeMode::kExact: return none;
    case ResizeMode::kNone:
    case ResizeMode::kShortSide: return to_model;
    case ResizeMode::kCropFraction: return model.hasSize() ? to_model : centerCrop(kUsualCrop);
  }
  return none;
}

ResizeRule chooseResize(const ResizeRule& wanted, const CropRule& crop, const PictureAxes& model) {
  const ResizeRule none{.mode = ResizeMode::kNone};
  if (wanted.mode == ResizeMode::kAuto) {
    const bool to_model = crop.mode == CropMode::kNone && model.hasSize();
    return to_model ? ResizeRule{.mode = ResizeMode::kExact, .size = model.size()} : none;
  }
  if (wanted.mode != ResizeMode::kCropFraction) return wanted;
  if (crop.mode != CropMode::kCenter) throwBadInput("resizing by a fraction of the crop needs a crop");
  const int shorter = std::min(crop.size.width, crop.size.height);
  return {.mode = ResizeMode::kShortSide, .short_side = static_cast<int>(shorter / wanted.crop_fraction)};
}

/// The size of every picture, where it does not depend on the picture.
std::optional<ImageSize> outputSize(const Preprocess& resolved) {
  if (resolved.crop.mode == CropMode::kCenter) return resolved.crop.size;
  if (resolved.resize.mode == ResizeMode::kExact) return resolved.resize.size;
  return std::nullopt;
}

void requireModelSize(const Preprocess& resolved, const PictureAxes& model, const InputSpec& input) {
  const auto size = outputSize(resolved);
  if (!size) return;
  const bool width_fits = model.width == kOpenSize || model.width == size->width;
  const bool height_fits = model.height == kOpenSize || model.height == size->height;
  if (width_fits && height_fits) return;
  throwBadInput("model input {} wants another size than the {}x{} (width x height) that the preprocessing gives",
                toString(input), size->width, size->height);
}

void requireNormalization(const Preprocess& resolved) {
  const size_t channels = channelCount(resolved.color);
  for (const auto& [name, values] : {std::pair{"mean", &resolved.mean}, std::pair{"std", &resolved.std}}) {
    if (values->size() == 1 || values->size() == channels) continue;
    throwBadInput("the preprocessing has {} values of '{}' ([{}]), but pictures become {} channel(s): give 1 or {}",
                  values->size(), name, fmt::join(*values, ", "), channels, channels);
  }
}

ImageSize resizedSize(const Image& image, const ResizeRule& rule) {
  switch (rule.mode) {
    case ResizeMode::kNone: return {image.width, image.height};
    case ResizeMode::kExact: return rule.size;
    case ResizeMode::kShortSide: {
      const int64_t shorter = std::min(image.width, image.height);
      const auto scaled = [&](int side) { return static_cast<int>(int64_t{rule.short_side} * side / shorter); };
      return {scaled(image.width), scaled(image.height)};
    }
    case ResizeMode::kAuto:
    case ResizeMode::kCropFraction: break;
  }
  throwInternal("a picture was resized by a rule that is not resolved");
}

/// Half of `excess`, as torchvision rounds it: to the even neighbour.
int centerOffset(int excess) { return static_cast<int>(std::nearbyint(excess / 2.0)); }

Rect cropRect(ImageSize picture, const CropRule& rule) {
  if (rule.mode == CropMode::kNone) return {0, 0, picture.width, picture.height};
  const auto [width, height] = rule.size;
  if (picture.width < width || picture.height < height) {
    throwBadInput("a picture of {}x{} (width x height, after resizing) is smaller than the crop of {}x{}",
                  picture.width, picture.height, width, height);
  }
  return {centerOffset(picture.width - width), centerOffset(picture.height - height), width, height};
}

/// Luma by ITU-R 601-2, in the 16-bit fixed point of Pillow's convert("L").
Image toGray(const Image& image) {
  Image gray({image.width, image.height}, 1);
  const uint8_t* rgb = image.pixels.data();
  for (uint8_t& pixel : gray.pixels) {
    pixel = static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
    rgb += 3;
  }
  return gray;
}

Image resizeAndCrop(const Image& image, const Preprocess& preprocess) {
  const ImageSize size = resizedSize(image, preprocess.resize);
  const Rect part = cropRect(size, preprocess.crop);
  return resizePart(image, size, part, preprocess.interpolation, preprocess.antialias);
}

/// The value of each of the 256 pixel levels.
template <class T>
using Levels = std::array<T, 256>;

template <class T>
T toElement(double value) {
  if constexpr (std::is_integral_v<T>) {
    const bool in_range = value >= static_cast<double>(std::numeric_limits<T>::min()) &&
                          value < std::ldexp(1.0, std::numeric_limits<T>::digits);
    if (in_range && std::nearbyint(value) == value) return static_cast<T>(value);
    throwBadInput(
        "the model's input is {}, but the preprocessing gives values such as {}: choose scale, mean and std that give "
        "whole numbers within its range (the preset 'raw' keeps pixels as they are)",
        toString(kDataTypeOf<T>), value);
  } else if constexpr (std::is_same_v<T, double>) {
    return value;
  } else {
    return T(static_cast<float>(value));
  }
}

template <class T>
Levels<T> makeLevels(const Preprocess& preprocess, size_t channel) {
  const auto of = [&](const std::vector<double>& values) { return values[values.size() == 1 ? 0 : channel]; };
  Levels<T> levels;
  for (size_t pixel = 0; pixel < levels.size(); ++pixel) {
    const double scaled = static_cast<double>(pixel) * preprocess.scale;
    levels[pixel] = toElement<T>((scaled - of(preprocess.mean)) / of(preprocess.std));
  }
  return levels;
}

/// Which channel of the picture becomes `channel` of the model's input.
size_t sourceChannel(const Image& image, Color color, size_t channel) {
  if (image.channels == 1) return 0;
  return color == Color::kBgr ? 2 - channel : channel;
}

template <class T>
Tensor normalize(const Image& image, const Preprocess& preprocess) {
  const size_t channels = channelCount(preprocess.color);
  const bool channels_last = preprocess.layout == PixelLayout::kNhwc;
  const auto count = static_cast<size_t>(image.width) * static_cast<size_t>(image.height);
  const auto depth = static_cast<int64_t>(channels);
  Tensor tensor(kDataTypeOf<T>,
                channels_last ? Shape{image.height, image.width, depth} : Shape{depth, image.height, image.width});
  const size_t src_step = static_cast<size_t>(image.channels);
  const size_t dst_step = channels_last ? channels : 1;
  for (size_t c = 0; c < channels; ++c) {
    const Levels<T> levels = makeLevels<T>(preprocess, c);
    const uint8_t* src = image.pixels.data() + sourceChannel(image, preprocess.color, c);
    T* dst = tensor.data<T>().data() + (channels_last ? c : c * count);
    for (size_t i = 0; i < count; ++i) dst[i * dst_step] = levels[src[i * src_step]];
  }
  return tensor;
}

std::string describeResize(const Preprocess& preprocess) {
  const ResizeRule& rule = preprocess.resize;
  const std::string filter =
      fmt::format(" ({}{})", preprocess.interpolation == Interpolation::kBilinear ? "bilinear" : "bicubic",
                  preprocess.antialias ? "" : ", no antialiasing");
  switch (rule.mode) {
    case ResizeMode::kAuto: return "resized to the model's size" + filter;
    case ResizeMode::kNone: return "not resized";
    case ResizeMode::kShortSide: return fmt::format("short side {}", rule.short_side) + filter;
    case ResizeMode::kExact: return fmt::format("resized to {}x{}", rule.size.width, rule.size.height) + filter;
    case ResizeMode::kCropFraction: return fmt::format("short side crop/{}", rule.crop_fraction) + filter;
  }
  return {};
}

std::string describeCrop(const CropRule& rule) {
  switch (rule.mode) {
    case CropMode::kAuto: return "center of the model's size";
    case CropMode::kNone: return "whole";
    case CropMode::kCenter: return fmt::format("center {}x{}", rule.size.width, rule.size.height);
  }
  return {};
}

std::string describeColor(Color color) {
  switch (color) {
    case Color::kAuto: return "color as the model's";
    case Color::kRgb: return "rgb";
    case Color::kBgr: return "bgr";
    case Color::kGray: return "gray";
  }
  return {};
}

std::string describeLayout(PixelLayout layout) {
  switch (layout) {
    case PixelLayout::kAuto: return "layout as the model's";
    case PixelLayout::kNchw: return "nchw";
    case PixelLayout::kNhwc: return "nhwc";
  }
  return {};
}

/// "127.5" or "[0.485,0.456,0.406]".
std::string describeValues(const std::vector<double>& values) {
  return values.size() == 1 ? fmt::format("{}", values[0]) : fmt::format("[{}]", fmt::join(values, ","));
}

/// The formula without what changes nothing: "pixel", "pixel / 255", "(pixel - 127) / 128".
std::string describeValue(const Preprocess& preprocess) {
  // 1/255 is what everybody means by 0.00392156862745098.
  std::string value = preprocess.scale == 1           ? "pixel"
                      : preprocess.scale == 1 / 255.0 ? "pixel / 255"
                                                      : fmt::format("pixel * {}", preprocess.scale);
  if (preprocess.mean != std::vector<double>{0})
    value = fmt::format("({} - {})", value, describeValues(preprocess.mean));
  if (preprocess.std != std::vector<double>{1}) value += fmt::format(" / {}", describeValues(preprocess.std));
  return value;
}

}  // namespace

Preprocess resolve(const Preprocess& preprocess, const InputSpec& input) {
  Preprocess resolved = preprocess;
  resolved.layout = chooseLayout(preprocess.layout, input);
  const PictureAxes model = pictureAxes(input, resolved.layout);
  resolved.color = chooseColor(preprocess.color, model, input);
  resolved.crop = chooseCrop(preprocess, model);
  resolved.resize = chooseResize(preprocess.resize, resolved.crop, model);
  requireModelSize(resolved, model, input);
  requireNormalization(resolved);
  return resolved;
}

Tensor apply(const Image& image, const Preprocess& preprocess, DataType type) {
  const bool make_gray = preprocess.color == Color::kGray && image.channels == 3;
  const Image prepared = make_gray ? resizeAndCrop(toGray(image), preprocess) : resizeAndCrop(image, preprocess);
  return withElementType(type, [&]<class T>(std::type_identity<T>) -> Tensor {
    if constexpr (std::is_same_v<T, bool>) {
      throwUnsupported("pictures cannot become a model input of type bool");
    } else {
      return normalize<T>(prepared, preprocess);
    }
  });
}

std::string toString(const Preprocess& preprocess) {
  return fmt::format("{}, {}, {}, {}, {}", describeResize(preprocess), describeCrop(preprocess.crop),
                     describeColor(preprocess.color), describeValue(preprocess), describeLayout(preprocess.layout));
}

}  // namespace quant
