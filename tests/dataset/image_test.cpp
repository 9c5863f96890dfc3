#include "dataset/image.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "dataset/data_files.h"

namespace quant::test {
namespace {

using ::testing::HasSubstr;

void expectEqual(const Image& found, const Image& expected) {
  ASSERT_EQ(found.width, expected.width);
  ASSERT_EQ(found.height, expected.height);
  ASSERT_EQ(found.channels, expected.channels);
  EXPECT_EQ(found.pixels, expected.pixels);
}

TEST(DecodeImage, ReadsColorPng) { expectEqual(decodeImage(dataFile("rgb.png")), pattern(6, 5)); }

TEST(DecodeImage, ExpandsPalette) { expectEqual(decodeImage(dataFile("palette.png")), pattern(6, 5)); }

TEST(DecodeImage, DropsAlpha) { expectEqual(decodeImage(dataFile("rgba.png")), pattern(6, 5)); }

TEST(DecodeImage, KeepsGrayAsOneChannel) { expectEqual(decodeImage(dataFile("gray.png")), channel(pattern(6, 5), 0)); }

TEST(DecodeImage, KeepsUpperByteOf16Bits) {
  expectEqual(decodeImage(dataFile("gray16.png")), channel(pattern(6, 5), 0));
}

TEST(DecodeImage, SpreadsOneBitToBlackAndWhite) {
  Image expected = channel(pattern(6, 5), 0);
  std::ranges::transform(expected.pixels, expected.pixels.begin(),
                         [](uint8_t red) { return static_cast<uint8_t>(red >= 20 ? 255 : 0); });
  expectEqual(decodeImage(dataFile("one_bit.png")), expected);
}

class DecodeJpeg : public ::testing::TestWithParam<std::string> {};

TEST_P(DecodeJpeg, GivesThePixelsOfPillow) {
  expectEqual(decodeImage(dataFile(GetParam() + ".jpg")), decodeImage(dataFile(GetParam() + "_decoded.png")));
}

INSTANTIATE_TEST_SUITE_P(Kinds, DecodeJpeg, ::testing::Values("baseline", "progressive", "gray", "cmyk"),
                         [](const auto& test) { return test.param; });

TEST(DecodeImage, GoesByContentAndNotByName) {
  const TemporaryFolder folder;
  const auto file = folder.copy("rgb.png", "picture.jpg");
  expectEqual(decodeImage(file), pattern(6, 5));
}

std::string errorOfDecoding(const std::string& content, const std::string& name) {
  return errorOf([&] { decodeImage(std::as_bytes(std::span(content)), name); });
}

TEST(DecodeImage, NamesTruncatedFiles) {
  for (const std::string name : {"baseline.jpg", "progressive.jpg", "rgb.png", "gray16.png"}) {
    const std::string whole = readFile(dataFile(name));
    for (size_t size = 8; size < whole.size() - 2; size += 7) {
      EXPECT_THAT(errorOfDecoding(whole.substr(0, size), name), HasSubstr("picture '" + name + "' cannot be decoded"))
          << size << " bytes";
    }
  }
}

TEST(DecodeImage, SurvivesAnyChangedByte) {
  for (const std::string name : {"baseline.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png", "palette.png"}) {
    const std::string whole = readFile(dataFile(name));
    for (size_t i = 0; i < whole.size(); ++i) {
      std::string changed = whole;
      changed[i] = static_cast<char>(~changed[i]);
      const std::string error = errorOfDecoding(changed, name);
      EXPECT_TRUE(error.empty() || error.find(name) != std::string::npos) << error;
    }
  }
}

TEST(DecodeImage, SaysWhatAnotherFileIs) {
  const TemporaryFolder folder;
  const auto gif = folder.write("a.jpg", "GIF89a.......");
  EXPECT_EQ(errorOf([&] { decodeImage(gif); }), quoted(gif) + " is not a JPEG or PNG picture: it is a GIF picture");
  const auto text = folder.write("b.jpg", "<html>");
  EXPECT_THAT(errorOf([&] { decodeImage(text); }), HasSubstr("it starts with the bytes 3c 68 74 6d"));
  const auto empty = folder.write("c.jpg", "");
  EXPECT_THAT(errorOf([&] { decodeImage(empty); }), HasSubstr("it is empty"));
  EXPECT_THAT(errorOf([&] { decodeImage(folder.path() / "none.jpg"); }), HasSubstr("none.jpg"));
}

TEST(DecodeImage, RefusesImpossibleSizes) {
  const TemporaryFolder folder;
  std::string jpeg = readFile(dataFile("baseline.jpg"));
  const size_t frame = jpeg.find("\xff\xc0");
  jpeg.replace(frame + 5, 4, "\xff\xdc\xff\xdc");
  const auto file = folder.write("huge.jpg", jpeg);
  EXPECT_THAT(errorOf([&] { decodeImage(file); }), HasSubstr("huge.jpg' claims 65500x65500 pixels"));
}

}  // namespace
}  // namespace quant::test
