#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "dataset/image.h"

namespace quant {

/// A JPEG file in memory; `name` is for errors. See `decodeImage`.
Image decodeJpeg(std::span<const std::byte> file, const std::string& name);

}  // namespace quant
