#include "dataset/file_kind.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace quant {

namespace {

using namespace std::string_view_literals;

struct Signature {
  size_t offset;
  std::string_view bytes;
  Content content;
  std::string_view name;
};

constexpr std::array kSignatures = {
    Signature{0, "\xff\xd8\xff"sv, Content::kJpeg, "a JPEG picture"},
    Signature{0, "\x89PNG\r\n\x1a\n"sv, Content::kPng, "a PNG picture"},
    Signature{0, "\x93NUMPY"sv, Content::kNpy, "a NumPy array"},
    Signature{0, "PK\x03\x04"sv, Content::kZip, "a zip archive"},
    Signature{0, "PK\x05\x06"sv, Content::kZip, "an empty zip archive"},
    Signature{0, "GIF8"sv, Content::kOtherPicture, "a GIF picture"},
    Signature{0, "BM"sv, Content::kOtherPicture, "a BMP picture"},
    Signature{0, "II*\0"sv, Content::kOtherPicture, "a TIFF picture"},
    Signature{0, "MM\0*"sv, Content::kOtherPicture, "a TIFF picture"},
    Signature{8, "WEBP"sv, Content::kOtherPicture, "a WebP picture"},
    Signature{4, "ftypheic"sv, Content::kOtherPicture, "a HEIF picture"},
    Signature{4, "ftypavif"sv, Content::kOtherPicture, "an AVIF picture"},
};

const Signature* findSignature(std::span<const std::byte> start) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  const auto* found = std::ranges::find_if(kSignatures, [&](const Signature& signature) {
    return text.size() >= signature.offset && text.substr(signature.offset).starts_with(signature.bytes);
  });
  return found == kSignatures.end() ? nullptr : found;
}

}  // namespace

Content recognizeContent(std::span<const std::byte> start) {
  if (start.empty()) return Content::kEmpty;
  const Signature* signature = findSignature(start);
  return signature == nullptr ? Content::kOther : signature->content;
}

std::string describeContent(std::span<const std::byte> start) {
  if (start.empty()) return "is empty";
  if (const Signature* signature = findSignature(start)) return fmt::format("is {}", signature->name);
  const auto shown = start.first(std::min<size_t>(start.size(), 4));
  std::vector<int> bytes;
  std::ranges::transform(shown, std::back_inserter(bytes), [](std::byte byte) { return static_cast<int>(byte); });
  return fmt::format("starts with the bytes {:02x}", fmt::join(bytes, " "));
}

}  // namespace quant
