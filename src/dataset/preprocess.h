#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "dataset/image.h"
#include "dataset/input_spec.h"
#include "dataset/resize.h"

namespace quant {

enum class ResizeMode {
  kAuto,          ///< to the model's size where it is fixed and no crop is asked for; else none
  kNone,          ///< pixels stay
  kShortSide,     ///< the shorter side becomes `short_side`, the other keeps the proportion (rounded down)
  kExact,         ///< to `size`, whatever the proportion
  kCropFraction,  ///< the crop is this fraction of the short side: short side = floor(crop / `crop_fraction`)
};

struct ResizeRule {
  ResizeMode mode = ResizeMode::kAuto;
  int short_side = 0;
  ImageSize size = {};
  double crop_fraction = 0;
  bool operator==(const ResizeRule&) const = default;
};

enum class CropMode {
  kAuto,    ///< to the model's size where it is fixed and `resize` does not give it already; else none
  kNone,    ///< nothing is cut
  kCenter,  ///< the middle `size` of the picture
};

struct CropRule {
  CropMode mode = CropMode::kAuto;
  ImageSize size = {};
  bool operator==(const CropRule&) const = default;
};

enum class Color { kAuto, kRgb, kBgr, kGray };
enum class PixelLayout { kAuto, kNchw, kNhwc };

/// How a picture becomes a model's input. Pixels (0..255) are resized, cropped in the middle, and then become
///   value = (pixel * scale - mean[channel]) / std[channel]
/// computed in double and rounded once to the input's type. `mean` and `std` stand in the order of the channels as the
/// model gets them (blue first for kBgr) and hold one number for all channels or one for each.
struct Preprocess {
  ResizeRule resize;
  Interpolation interpolation = Interpolation::kBilinear;
  bool antialias = true;
  CropRule crop;
  Color color = Color::kAuto;
  double scale = 1;
  std::vector<double> mean = {0};
  std::vector<double> std = {1};
  PixelLayout layout = PixelLayout::kAuto;
  bool operator==(const Preprocess&) const = default;
};

/// `preprocess` with every auto part decided by the model's input: [N,C,H,W] or [N,H,W,C], or the same without N.
/// The result depends on the model no more. Throws (bad input) when the input cannot be fed with pictures or wants
/// another size or number of channels than `preprocess` gives.
Preprocess resolve(const Preprocess& preprocess, const InputSpec& input);

/// The picture as a tensor [C,H,W] or [H,W,C] of `type`; `preprocess` is resolved. Integer types take only values that
/// they hold exactly. Throws (bad input), without the file's name, when the picture is smaller than the crop.
Tensor apply(const Image& image, const Preprocess& preprocess, DataType type);

/// "short side 256 (bilinear), center 224x224, rgb, (pixel - 127) / 128, nchw".
std::string toString(const Preprocess& preprocess);

}  // namespace quant
