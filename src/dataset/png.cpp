#include "dataset/png.h"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "core/error.h"
#include "dataset/picture_limits.h"

namespace quant {

namespace {

class PngReader {
 public:
  PngReader(std::span<const std::byte> file, const std::string& name) : rest_(file), name_(name) {}
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  Image read() {
    protect(&PngReader::readHeader);
    requireSanePicture(png_get_image_width(png_, info_), png_get_image_height(png_, info_), name_);
    image_ =
        Image({static_cast<int>(png_get_image_width(png_, info_)), static_cast<int>(png_get_image_height(png_, info_))},
              png_get_channels(png_, info_));
    for (int y = 0; y < image_.height; ++y) rows_.push_back(image_.row(y));
    protect(&PngReader::readRows);
    return std::move(image_);
  }

 private:
  /// Runs a step that may be left by a jump: between here and libpng no object with a destructor may live.
  void protect(void (PngReader::*step)()) {
    if (setjmp(jump_) == 0) {
      (this->*step)();
      return;
    }
    throwBadInput("picture '{}' cannot be decoded: {}", name_, message_.data());
  }

  [[noreturn]] static void leave(png_structp png, png_const_charp message) {
    auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(reader->message_.data(), reader->message_.size(), "%s", message);
    std::longjmp(reader->jump_, 1);
  }

  static void ignoreWarning(png_structp, png_const_charp) {}

  static void readBytes(png_structp png, png_bytep out, size_t count) {
    auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > reader->rest_.size()) png_error(png, "the file ends too early");
    std::memcpy(out, reader->rest_.data(), count);
    reader->rest_ = reader->rest_.subspan(count);
  }

  void readHeader() {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, leave, ignoreWarning);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) {
      std::snprintf(message_.data(), message_.size(), "out of memory");
      std::longjmp(jump_, 1);
    }
    png_set_read_fn(png_, this, readBytes);
    png_read_info(png_, info_);
    requestGrayOrRgb();
    png_read_update_info(png_, info_);
  }

  /// Asks for 8 bits of gray or red, green, blue, whatever is stored.
  void requestGrayOrRgb() {
    if (png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    png_set_expand_gray_1_2_4_to_8(png_);
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_interlace_handling(png_);
  }

  void readRows() {
    png_read_image(png_, rows_.data());
    png_read_end(png_, nullptr);
  }

  std::span<const std::byte> rest_;
  const std::string& name_;
  std::jmp_buf jump_{};
  std::array<char, 256> message_{};
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  Image image_;
  std::vector<png_bytep> rows_;
};

}  // namespace

Image decodePng(std::span<const std::byte> file, const std::string& name) { return PngReader(file, name).read(); }

}  // namespace quant
