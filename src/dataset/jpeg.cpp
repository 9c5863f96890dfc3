#include "dataset/jpeg.h"

// jpeglib.h needs size_t and FILE.
#include <csetjmp>
#include <cstdio>
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <array>

#include "core/error.h"
#include "dataset/picture_limits.h"

namespace quant {

namespace {

/// libjpeg reports errors by a callback that must not return; it jumps back to `JpegReader::protect`.
struct ErrorManager {
  jpeg_error_mgr base;  // first, so that libjpeg's pointer to it is a pointer to this
  std::jmp_buf jump;
  std::array<char, JMSG_LENGTH_MAX> message;
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* errors = reinterpret_cast<ErrorManager*>(info->err);
  info->err->format_message(info, errors->message.data());
  std::longjmp(errors->jump, 1);
}

/// libjpeg goes on with gray pixels after most damages. A file that ends early is an error here; the others (such as
/// stray bytes between segments, common in photo collections) are passed over, as Pillow does.
void judgeWarning(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) leave(info);
}

class JpegReader {
 public:
  JpegReader(std::span<const std::byte> file, const std::string& name) : file_(file), name_(name) {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = leave;
    errors_.base.emit_message = judgeWarning;
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&info_); }

  Image read() {
    protect(&JpegReader::readHeader);
    requireSanePicture(info_.image_width, info_.image_height, name_);
    image_ = Image({static_cast<int>(info_.image_width), static_cast<int>(info_.image_height)}, storedChannels());
    protect(&JpegReader::readRows);
    return std::move(image_);
  }

 private:
  /// Runs a step that may be left by a jump: between here and libjpeg no object with a destructor may live.
  void protect(void (JpegReader::*step)()) {
    if (setjmp(errors_.jump) == 0) {
      (this->*step)();
      return;
    }
    throwBadInput("picture '{}' cannot be decoded: {}", name_, errors_.message.data());
  }

  void readHeader() {
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(file_.data()), file_.size());
    jpeg_read_header(&info_, TRUE);
    if (info_.num_components == 4) info_.out_color_space = JCS_CMYK;
    if (info_.num_components == 3) info_.out_color_space = JCS_RGB;
  }

  [[nodiscard]] int storedChannels() const {
    const int count = info_.num_components;
    if (count == 1 || count == 3 || count == 4) return count;
    throwBadInput("picture '{}' has {} color components, expected 1, 3 or 4", name_, count);
  }

  void readRows() {
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = image_.row(static_cast<int>(info_.output_scanline));
      jpeg_read_scanlines(&info_, &row, 1);
    }
  }

  std::span<const std::byte> file_;
  const std::string& name_;
  ErrorManager errors_{};
  jpeg_decompress_struct info_{};
  Image image_;
};

/// a * b / 255, rounded.
int multiply(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/// Adobe's programs, and all after them, store the inks inverted: 255 is no ink.
Image rgbFromInvertedCmyk(const Image& cmyk) {
  Image rgb({cmyk.width, cmyk.height}, 3);
  const uint8_t* src = cmyk.pixels.data();
  for (size_t i = 0; i < rgb.pixels.size(); i += 3, src += 4) {
    for (size_t c = 0; c < 3; ++c) rgb.pixels[i + c] = static_cast<uint8_t>(src[3] - multiply(255 - src[c], src[3]));
  }
  return rgb;
}

}  // namespace

Image decodeJpeg(std::span<const std::byte> file, const std::string& name) {
  Image image = JpegReader(file, name).read();
  return image.channels == 4 ? rgbFromInvertedCmyk(image) : image;
}

}  // namespace quant
