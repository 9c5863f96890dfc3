#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"

namespace quant {

/// A file may claim any size; beyond this (a 16k x 16k picture, 768 MiB) it is taken for an attack or a mistake.
inline constexpr uint64_t kMaxPixels = uint64_t{1} << 28;

inline void requireSanePicture(uint64_t width, uint64_t height, const std::string& name) {
  if (width * height <= kMaxPixels) return;
  throwBadInput("picture '{}' claims {}x{} pixels, more than the {} that are read", name, width, height, kMaxPixels);
}

}  // namespace quant
