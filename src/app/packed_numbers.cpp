#include "app/packed_numbers.h"

#include <algorithm>
#include <cmath>

namespace quant {

namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr long kLargest = 4095;

void append(std::string& text, long number) {
  const auto digits = static_cast<size_t>(std::clamp(number, 0L, kLargest));
  text += kDigits[digits / 64];
  text += kDigits[digits % 64];
}

}  // namespace

std::string packCounts(std::span<const int64_t> counts) {
  std::string text;
  for (const int64_t count : counts) append(text, std::lround(64 * std::log2(1 + static_cast<double>(count))));
  return text;
}

std::string packSizes(std::span<const float> sizes, float largest) {
  std::string text;
  for (const float size : sizes) {
    append(text, size > 0 ? 1 + std::lround(128 * std::log2(static_cast<double>(largest) / size)) : 0);
  }
  return text;
}

}  // namespace quant
