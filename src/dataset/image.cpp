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
  const auto file = MappedFile::open(path);
  switch (recognizeContent(file->bytes())) {
    case Content::kJpeg: return decodeJpeg(file->bytes(), path.string());
    case Content::kPng: return decodePng(file->bytes(), path.string());
    case Content::kNpy:
    case Content::kZip:
    case Content::kOtherPicture:
    case Content::kEmpty:
    case Content::kOther: break;
  }
  throwBadInput("'{}' is not a JPEG or PNG picture: it {}", path.string(), describeContent(file->bytes()));
}

}  // namespace quant
