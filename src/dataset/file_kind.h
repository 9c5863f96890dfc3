#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace quant {

/// What the first bytes of a file say.
enum class Content { kJpeg, kPng, kNpy, kZip, kOtherPicture, kEmpty, kOther };

/// Bytes from the start of a file that `recognizeContent` looks at.
inline constexpr size_t kContentBytes = 16;

Content recognizeContent(std::span<const std::byte> start);

/// The end of a sentence that begins with the file: "is a GIF picture", "is empty", "starts with 3c 21 64 6f".
std::string describeContent(std::span<const std::byte> start);

}  // namespace quant
