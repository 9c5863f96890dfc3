#include "dataset/image.h"

#include "core/error.h"
#include "core/files.h"
#include "dataset/file_kind.h"
#include "dataset/jpeg.h"
#include "dataset/png.h"

namespace quant {

Image::Image(ImageSize size, int channel_count)
    : width(size.width),
      height(size.height),
      channels(channel_count),
      pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * static_cast<size_t>(channels)) {}

Image decodeImage(const std::filesystem::path& path) {
  return decodeImage(MappedFile::open(path)->bytes(), path.string());
}

Image decodeImage(std::span<const std::byte> file, const std::string& name) {
  switch (recognizeContent(file)) {
    case Content::kJpeg: return decodeJpeg(file, name);
    case Content::kPng: return decodePng(file, name);
    case Content::kNpy:
    case Content::kZip:
    case Content::kOtherPicture:
    case Content::kEmpty:
    case Content::kOther: break;
  }
  throwBadInput("'{}' is not a JPEG or PNG picture: it {}", name, describeContent(file));
}

}  // namespace quant
