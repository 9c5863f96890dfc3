#include <gmock/gmock.h>

#include "dataset/data_files.h"
#include "dataset/dataset.h"
#include "dataset/preprocess_file.h"
#include "support/shared_data.h"

namespace quant::test {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

const InputSpec kInput{"image", DataType::kUInt8, {-1, 5, 6, 3}};

TEST(PictureDataset, LoadsPicturesWithTheirLabels) {
  const TemporaryFolder folder;
  folder.copy("rgb.png", "red/1.png");
  folder.copy("rgb.png", "blue/1.png");
  folder.copy("rgb.png", "blue/2.png");
  const auto dataset = openDataset(folder.path(), {kInput});
  ASSERT_EQ(dataset->size(), 3U);
  EXPECT_THAT(dataset->classes(), ElementsAre("blue", "red"));
  const Sample sample = dataset->load(2);
  EXPECT_EQ(sample.name, "red/1.png");
  EXPECT_EQ(sample.label, 1);
  EXPECT_EQ(sample.inputs.at("image").shape(), (Shape{1, 5, 6, 3}));
  EXPECT_THAT(sample.inputs.at("image").data<uint8_t>(), ElementsAreArray(pattern(6, 5).pixels));
}

TEST(PictureDataset, SpreadsSamplesOverTheFolder) {
  const TemporaryFolder folder;
  for (char c = '0'; c <= '9'; ++c) folder.copy("rgb.png", std::string(1, c) + ".png");
  const auto dataset = openDataset(folder.path(), {kInput}, {.preprocess = {}, .max_samples = 4});
  std::vector<std::string> names;
  for (size_t i = 0; i < dataset->size(); ++i) names.push_back(dataset->load(i).name);
  EXPECT_THAT(names, ElementsAre("0.png", "2.png", "5.png", "7.png"));
  EXPECT_EQ(dataset->description(), "4 of 10 samples (pictures)");
}

TEST(PictureDataset, TellsWhatPreprocessingWasUsed) {
  const TemporaryFolder folder;
  folder.copy("rgb.png", "1.png");
  const auto dataset = openDataset(folder.path(), {kInput});
  EXPECT_EQ(toString(dataset->preprocess().value()), "resized to 6x5 (bilinear), whole, rgb, pixel, nhwc");
}

TEST(PictureDataset, OmitsTheBatchAxisThatTheModelHasNot) {
  const auto dataset = openDataset(dataFile("rgb.png"), {{"image", DataType::kFloat32, {3, -1, -1}}});
  EXPECT_EQ(dataset->load(0).inputs.at("image").shape(), (Shape{3, 5, 6}));
}

TEST(PictureDataset, NamesPicturesThatDoNotFit) {
  DatasetOptions options;
  setPreprocessField(options.preprocess, "resize", "none");
  setPreprocessField(options.preprocess, "crop", "none");
  const InputSpec input{"image", DataType::kFloat32, {8, 3, 224, 224}};
  const auto dataset = openDataset(dataFile("rgb.png"), {input}, options);
  EXPECT_EQ(errorOf([&] { dataset->load(0); }),
            "picture '" + dataFile("rgb.png").string() +
                "' becomes [1,3,5,6], which does not fit model input 'image' (float [8,3,224,224]); choose another "
                "resize or crop");
}

TEST(PictureDataset, NamesPicturesSmallerThanTheCrop) {
  DatasetOptions options;
  setPreprocessField(options.preprocess, "crop", "7");
  const auto dataset = openDataset(dataFile("rgb.png"), {{"image", DataType::kFloat32, {1, 3, 7, 7}}}, options);
  EXPECT_EQ(errorOf([&] { dataset->load(0); }),
            "a picture of 6x5 (width x height, after resizing) is smaller than the crop of 7x7\n"
            "  while preparing picture '" +
                dataFile("rgb.png").string() + "'");
}

TEST(PictureDataset, NeedsAModelOfOneInput) {
  EXPECT_THAT(errorOf([] {
                openDataset(dataFile("rgb.png"), {kInput, {"mask", DataType::kBool, {-1}}});
              }),
              HasSubstr("this one has 2 ('image' (uint8 [?,5,6,3]), 'mask' (bool [?]), ...)"));
  EXPECT_THAT(errorOf([] { openDataset(dataFile("rgb.png"), {}); }), HasSubstr("the model has no inputs"));
}

TEST(PictureDataset, LabelsSharedImagenetByItsClassesFile) {
  SKIP_WITHOUT_SHARED("data/imagenet");
  DatasetOptions options;
  options.preprocess = presetNamed("imagenet");
  const auto dataset = openDataset(sharedFolder() / "data/imagenet/validation",
                                   {{"image", DataType::kFloat32, {-1, 3, 224, 224}}}, options);
  EXPECT_EQ(dataset->size(), 400U);
  EXPECT_EQ(dataset->classes().size(), 1000U);
  const Sample sample = dataset->load(0);
  EXPECT_EQ(sample.name, "n01443537/n01443537.jpg");
  EXPECT_EQ(sample.label, 1);
  EXPECT_EQ(dataset->classes()[1], "goldfish");
  EXPECT_EQ(sample.inputs.at("image").shape(), (Shape{1, 3, 224, 224}));
}

}  // namespace
}  // namespace quant::test
