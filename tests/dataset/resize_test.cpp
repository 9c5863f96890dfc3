#include "dataset/resize.h"

#include <gmock/gmock.h>

#include "dataset/data_files.h"

namespace quant::test {
namespace {

struct Case {
  std::string name;
  Interpolation interpolation;
  int width, height;
};

class ResizeAsPillow : public ::testing::TestWithParam<Case> {};

TEST_P(ResizeAsPillow, GivesTheSameBytes) {
  const auto& [name, interpolation, width, height] = GetParam();
  const Image expected = decodeImage(dataFile(name + ".png"));
  EXPECT_EQ(resize(pattern(41, 29), width, height, interpolation).pixels, expected.pixels);
}

INSTANTIATE_TEST_SUITE_P(Cases, ResizeAsPillow,
                         ::testing::Values(Case{"bilinear_17x11", Interpolation::kBilinear, 17, 11},
                                           Case{"bicubic_17x11", Interpolation::kBicubic, 17, 11},
                                           Case{"bilinear_60x41", Interpolation::kBilinear, 60, 41},
                                           Case{"bicubic_60x41", Interpolation::kBicubic, 60, 41}),
                         [](const auto& test) { return test.param.name; });

Image grayRow(std::vector<uint8_t> pixels) {
  Image image({static_cast<int>(pixels.size()), 1}, 1);
  image.pixels = std::move(pixels);
  return image;
}

TEST(Resize, AveragesPairsOfTheTriangleFilterWhenHalving) {
  // Each result weighs 4 pixels by 1/8, 3/8, 3/8, 1/8; at the borders 3 of them by 3/7, 3/7, 1/7.
  const Image image = grayRow({70, 0, 0, 80, 160, 80, 0, 140});
  EXPECT_EQ(resize(image, 4, 1, Interpolation::kBilinear).pixels, (std::vector<uint8_t>{30, 50, 100, 71}));
}

TEST(Resize, TakesTheTwoNearestPixelsWithoutAntialiasing) {
  // The centres of the results lie half way between pixels 1 and 2, and 5 and 6.
  const Image image = grayRow({255, 10, 20, 255, 255, 100, 200, 255});
  EXPECT_EQ(resize(image, 2, 1, Interpolation::kBilinear, false).pixels, (std::vector<uint8_t>{15, 150}));
}

TEST(Resize, KeepsAnEvenColor) {
  Image image({23, 17}, 3);
  std::ranges::fill(image.pixels, 201);
  for (const auto interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    EXPECT_THAT(resize(image, 9, 31, interpolation).pixels, ::testing::Each(201));
  }
}

TEST(Resize, ClampsTheOvershootOfTheCubicFilter) {
  const Image image = grayRow({0, 0, 0, 255, 255, 255});
  const auto pixels = resize(image, 24, 1, Interpolation::kBicubic).pixels;
  EXPECT_TRUE(std::ranges::is_sorted(pixels));
}

TEST(Resize, OfPartEqualsPartOfWhole) {
  const Image image = pattern(41, 29);
  const Rect part{5, 3, 8, 6};
  for (const auto interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    for (const auto& [width, height] : {std::pair{19, 13}, std::pair{60, 41}, std::pair{41, 29}, std::pair{41, 13}}) {
      const Image whole = resize(image, width, height, interpolation);
      EXPECT_EQ(resizePart(image, {width, height}, part, interpolation).pixels, crop(whole, part).pixels);
    }
  }
}

Image channelOf(const Image& image, size_t channel) {
  Image gray({image.width, image.height}, 1);
  for (size_t i = 0; i < gray.pixels.size(); ++i) gray.pixels[i] = image.pixels[3 * i + channel];
  return gray;
}

TEST(Resize, OfColorsIsThatOfEachChannelAlone) {
  const Image image = pattern(41, 29);
  for (const auto interpolation : {Interpolation::kBilinear, Interpolation::kBicubic}) {
    for (const int width : {1, 5, 21, 22, 43}) {
      const Image all = resize(image, width, 13, interpolation);
      for (size_t c = 0; c < 3; ++c) {
        EXPECT_EQ(resize(channelOf(image, c), width, 13, interpolation).pixels, channelOf(all, c).pixels) << width;
      }
    }
  }
}

TEST(Resize, AddsUpThousandsOfPixelsWithoutLoss) {
  const Image image = pattern(9001, 2);
  const Image all = resize(image, 1, 2, Interpolation::kBilinear);
  for (size_t c = 0; c < 3; ++c) {
    EXPECT_EQ(resize(channelOf(image, c), 1, 2, Interpolation::kBilinear).pixels, channelOf(all, c).pixels);
  }
}

TEST(Resize, RefusesEmptySizes) {
  EXPECT_EQ(errorOf([] { resize(pattern(2, 2), 0, 5, Interpolation::kBilinear); }), "a picture cannot become 0x5");
}

}  // namespace
}  // namespace quant::test
