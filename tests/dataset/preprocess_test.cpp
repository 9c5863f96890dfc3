#include "dataset/preprocess.h"

#include <gmock/gmock.h>

#include "dataset/data_files.h"
#include "dataset/preprocess_file.h"

namespace quant::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const InputSpec kNchw{"image", DataType::kFloat32, {-1, 3, 224, 224}};
const InputSpec kNhwc{"image", DataType::kFloat32, {-1, 32, 32, 3}};
const InputSpec kGray{"image", DataType::kFloat32, {-1, 1, 8, 8}};
const InputSpec kOpen{"image", DataType::kFloat32, {-1, 3, -1, -1}};

/// Pixels 1, 2, 3 and 101, 102, 103.
Image twoPixels() {
  Image image({2, 1}, 3);
  image.pixels = {1, 2, 3, 101, 102, 103};
  return image;
}

Preprocess resolved(const Preprocess& preprocess = {}) { return resolve(preprocess, kOpen); }

std::vector<float> values(const Tensor& tensor) { return {tensor.data<float>().begin(), tensor.data<float>().end()}; }

TEST(ResolvePreprocess, TakesLayoutColorAndSizeFromTheModel) {
  EXPECT_EQ(toString(resolve({}, kNhwc)), "resized to 32x32 (bilinear), whole, rgb, pixel, nhwc");
  EXPECT_EQ(toString(resolve({}, kGray)), "resized to 8x8 (bilinear), whole, gray, pixel, nchw");
  EXPECT_EQ(toString(resolve({}, kOpen)), "not resized, whole, rgb, pixel, nchw");
}

TEST(DescribePreprocess, GivesTheFormula) {
  EXPECT_THAT(toString(presetNamed("inception")), HasSubstr("(pixel - 127.5) / 127.5"));
  EXPECT_THAT(toString(presetNamed("imagenet")),
              HasSubstr("(pixel / 255 - [0.485,0.456,0.406]) / [0.229,0.224,0.225]"));
}

TEST(ResolvePreprocess, ScalesTheShortSideOfThePresetWithTheModel) {
  const Preprocess imagenet = presetNamed("imagenet");
  EXPECT_THAT(toString(resolve(imagenet, kNchw)), HasSubstr("short side 256 (bilinear), center 224x224"));
  EXPECT_THAT(toString(resolve(imagenet, kOpen)), HasSubstr("short side 256 (bilinear), center 224x224"));
  const InputSpec large{"image", DataType::kFloat32, {1, 3, 299, 299}};
  EXPECT_THAT(toString(resolve(imagenet, large)), HasSubstr("short side 341 (bilinear), center 299x299"));
}

TEST(ResolvePreprocess, CropsToTheModelAfterResizingTheShortSide) {
  Preprocess preprocess;
  setPreprocessField(preprocess, "resize", "250");
  EXPECT_EQ(resolve(preprocess, kNchw).crop, (CropRule{CropMode::kCenter, {224, 224}}));
  EXPECT_EQ(resolve(preprocess, kOpen).crop.mode, CropMode::kNone);
}

TEST(ResolvePreprocess, ChangesNothingTheSecondTime) {
  const Preprocess once = resolve(presetNamed("imagenet"), kNchw);
  EXPECT_EQ(resolve(once, kNchw), once);
}

TEST(ResolvePreprocess, AcceptsInputsWithoutBatchAxisOrRank) {
  EXPECT_EQ(resolve({}, {"image", DataType::kFloat32, {3, 20, 30}}).resize.size, (ImageSize{30, 20}));
  EXPECT_EQ(resolve({}, {"image", DataType::kFloat32, {}, false}).layout, PixelLayout::kNchw);
}

TEST(ResolvePreprocess, RefusesAnotherSizeThanTheModels) {
  Preprocess preprocess;
  setPreprocessField(preprocess, "crop", "200x100");
  EXPECT_EQ(errorOf([&] { resolve(preprocess, kNchw); }),
            "model input 'image' (float [?,3,224,224]) wants another size than the 200x100 (width x height) that the "
            "preprocessing gives");
}

TEST(ResolvePreprocess, RefusesInputsThatAreNoPictures) {
  EXPECT_THAT(errorOf([] {
                resolve({}, {"ids", DataType::kInt64, {-1, 128}});
              }),
              HasSubstr("model input 'ids' (int64 [?,128]) cannot be fed with pictures"));
  EXPECT_THAT(errorOf([] { resolve({}, {"x", DataType::kFloat32, {1, 4, 8, 8}}); }), HasSubstr("has 4 channels"));
}

TEST(ResolvePreprocess, RefusesAnotherNumberOfChannels) {
  EXPECT_EQ(
      errorOf([] { resolve(presetNamed("imagenet"), kGray); }),
      "the preprocessing has 3 values of 'mean' ([0.485, 0.456, 0.406]), but pictures become 1 channel(s): give 1 "
      "or 1");
  Preprocess gray;
  gray.color = Color::kGray;
  EXPECT_THAT(errorOf([&] { resolve(gray, kNchw); }), HasSubstr("has 3 channels, but the preprocessing gives 1"));
}

TEST(ApplyPreprocess, SeparatesChannels) {
  const Tensor tensor = apply(twoPixels(), resolved(), DataType::kFloat32);
  EXPECT_EQ(tensor.shape(), (Shape{3, 1, 2}));
  EXPECT_THAT(values(tensor), ElementsAre(1, 101, 2, 102, 3, 103));
}

TEST(ApplyPreprocess, KeepsChannelsLast) {
  Preprocess preprocess;
  preprocess.layout = PixelLayout::kNhwc;
  const Tensor tensor =
      apply(twoPixels(), resolve(preprocess, {"x", DataType::kFloat32, {-1, -1, -1, 3}}), DataType::kFloat32);
  EXPECT_EQ(tensor.shape(), (Shape{1, 2, 3}));
  EXPECT_THAT(values(tensor), ElementsAre(1, 2, 3, 101, 102, 103));
}

TEST(ApplyPreprocess, CountsMeanAndStdInTheOrderOfTheModelsChannels) {
  Preprocess preprocess;
  preprocess.color = Color::kBgr;
  preprocess.scale = 2;
  preprocess.mean = {0, 4, 2};
  preprocess.std = {1, 2, 4};
  // (3 * 2 - 0) / 1, (2 * 2 - 4) / 2, (1 * 2 - 2) / 4
  EXPECT_THAT(values(apply(twoPixels(), resolved(preprocess), DataType::kFloat32)), ElementsAre(6, 206, 0, 100, 0, 50));
}

TEST(ApplyPreprocess, NormalizesAsImagenet) {
  Image black({224, 224}, 3);
  const Tensor tensor = apply(black, resolve(presetNamed("imagenet"), kNchw), DataType::kFloat32);
  EXPECT_EQ(tensor.shape(), (Shape{3, 224, 224}));
  EXPECT_FLOAT_EQ(tensor.data<float>().front(), -0.485F / 0.229F);
  EXPECT_FLOAT_EQ(tensor.data<float>().back(), -0.406F / 0.225F);
}

TEST(ApplyPreprocess, MakesGrayByLuma) {
  Preprocess preprocess;
  preprocess.color = Color::kGray;
  Image image({4, 1}, 3);
  image.pixels = {255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90};
  const Tensor tensor = apply(image, resolve(preprocess, {"x", DataType::kFloat32, {1, 1, 1, 4}}), DataType::kFloat32);
  // 0.299, 0.587 and 0.114 of 255
  EXPECT_THAT(values(tensor), ElementsAre(76, 150, 29, 90));
}

TEST(ApplyPreprocess, ResizesGrayAsPillow) {
  Preprocess preprocess;
  setPreprocessField(preprocess, "interpolation", "bicubic");
  const InputSpec input{"x", DataType::kUInt8, {1, 1, 11, 17}};
  const Tensor tensor = apply(pattern(41, 29), resolve(preprocess, input), DataType::kUInt8);
  const auto expected = decodeImage(dataFile("gray_bicubic_17x11.png")).pixels;
  EXPECT_THAT(tensor.data<uint8_t>(), ::testing::ElementsAreArray(expected));
}

TEST(ApplyPreprocess, RepeatsGrayInEachChannel) {
  Image image({1, 1}, 1);
  image.pixels = {7};
  EXPECT_THAT(values(apply(image, resolved(), DataType::kFloat32)), ElementsAre(7, 7, 7));
}

TEST(ApplyPreprocess, ResizesTheShortSideAndCropsTheMiddle) {
  Preprocess preprocess;
  setPreprocessField(preprocess, "resize", "11");
  setPreprocessField(preprocess, "crop", "4x6");
  setPreprocessField(preprocess, "layout", "nhwc");
  const InputSpec input{"x", DataType::kUInt8, {-1, 6, 4, 3}};
  const Tensor tensor = apply(pattern(41, 29), resolve(preprocess, input), DataType::kUInt8);
  // 41x29 becomes 15x11 (15.55 rounded down); 11 columns and 5 rows are left over: 5.5 and 2.5 go to even, 6 and 2.
  const Image expected = crop(resize(pattern(41, 29), 15, 11, Interpolation::kBilinear), {6, 2, 4, 6});
  EXPECT_THAT(tensor.data<uint8_t>(), ::testing::ElementsAreArray(expected.pixels));
}

TEST(ApplyPreprocess, FillsIntegerInputsOnlyWithWholeNumbers) {
  Preprocess signed_pixels;
  signed_pixels.mean = {128};
  const Tensor tensor = apply(twoPixels(), resolved(signed_pixels), DataType::kInt8);
  EXPECT_EQ(tensor.data<int8_t>()[0], -127);
  EXPECT_THAT(errorOf([&] { apply(twoPixels(), resolved(signed_pixels), DataType::kUInt8); }),
              HasSubstr("the model's input is uint8, but the preprocessing gives values such as -128"));
  EXPECT_THAT(errorOf([&] { apply(twoPixels(), resolved(presetNamed("zero-one")), DataType::kInt32); }),
              HasSubstr("values such as 0.0039"));
}

TEST(ApplyPreprocess, FillsHalfPrecisionInputs) {
  const Tensor tensor = apply(twoPixels(), resolved(), DataType::kFloat16);
  EXPECT_EQ(static_cast<float>(tensor.data<Float16>()[1]), 101);
}

TEST(ApplyPreprocess, RefusesPicturesSmallerThanTheCrop) {
  Preprocess preprocess;
  setPreprocessField(preprocess, "crop", "4x1");
  EXPECT_EQ(errorOf([&] { apply(twoPixels(), resolved(preprocess), DataType::kFloat32); }),
            "a picture of 2x1 (width x height, after resizing) is smaller than the crop of 4x1");
}

}  // namespace
}  // namespace quant::test
