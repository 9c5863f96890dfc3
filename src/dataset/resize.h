#pragma once

#include "dataset/image.h"

namespace quant {

enum class Interpolation { kBilinear, kBicubic };

/// A rectangle of pixels, from the top left corner.
struct Rect {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

/// Resizes as Pillow's `Image.resize` does, bit for bit: the triangle or the cubic (a = -0.5) filter, along x first,
/// rounded to 8 bits, then along y. (Pillow 13 takes the other order for some tall pictures: one level more or less
/// here and there.) With `antialias` the filter grows with the scale when shrinking, so that every source pixel counts;
/// without it only the nearest 2 (4) pixels do. Throws (bad input) when a size is not positive.
Image resize(const Image& image, int width, int height, Interpolation interpolation, bool antialias = true);

/// `part` of what `resize` gives, without computing the rest. `part` lies inside width x height.
Image resizePart(const Image& image, ImageSize size, Rect part, Interpolation interpolation, bool antialias = true);

/// A copy of `part`, which lies inside the picture.
Image crop(const Image& image, Rect part);

}  // namespace quant
