#include "dataset/preprocess_file.h"

#include <gmock/gmock.h>

#include "dataset/data_files.h"

namespace quant::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Preprocess parse(const std::string& json) { return preprocessFromJson(json, "'p.json'"); }

Preprocess withField(const std::string& field, const std::string& text) {
  Preprocess preprocess;
  setPreprocessField(preprocess, field, text);
  return preprocess;
}

TEST(PreprocessFile, GivesBackWhatItWrote) {
  for (const PreprocessPreset& preset : preprocessPresets())
    EXPECT_EQ(parse(toJson(preset.preprocess)), preset.preprocess);
  Preprocess unusual = withField("resize", "300x200");
  unusual.interpolation = Interpolation::kBicubic;
  unusual.antialias = false;
  unusual.crop = {CropMode::kCenter, {30, 20}};
  unusual.color = Color::kBgr;
  unusual.scale = 1.0 / 3;
  unusual.layout = PixelLayout::kNhwc;
  EXPECT_EQ(parse(toJson(unusual)), unusual);
}

TEST(PreprocessFile, WritesFieldsAsFlagsAreSpelled) {
  EXPECT_EQ(toJson(presetNamed("inception")), R"({
  "resize": "crop/0.875",
  "interpolation": "bilinear",
  "antialias": true,
  "crop": "auto",
  "color": "auto",
  "scale": 1.0,
  "mean": 127.5,
  "std": 127.5,
  "layout": "auto"
})");
}

TEST(PreprocessFile, ReadsFieldsOverAPresetWhereverItStands) {
  const Preprocess preprocess = parse(R"({"color": "bgr", "resize": 300, "preset": "imagenet"})");
  EXPECT_EQ(preprocess.color, Color::kBgr);
  EXPECT_EQ(preprocess.resize.short_side, 300);
  EXPECT_THAT(preprocess.std, ElementsAre(0.229, 0.224, 0.225));
}

TEST(PreprocessFile, KeepsWhatTheFileDoesNotSay) {
  EXPECT_EQ(preprocessFromJson(R"({"crop": 100})", "x", withField("scale", "0.5")).scale, 0.5);
}

TEST(PreprocessFile, ReadsFlags) {
  EXPECT_EQ(withField("resize", "none").resize.mode, ResizeMode::kNone);
  EXPECT_EQ(withField("resize", "320x240").resize.size, (ImageSize{320, 240}));
  EXPECT_EQ(withField("crop", "224").crop, (CropRule{CropMode::kCenter, {224, 224}}));
  EXPECT_EQ(withField("scale", "1/255").scale, 1.0 / 255);
  EXPECT_THAT(withField("mean", "0.485,0.456, 0.406").mean, ElementsAre(0.485, 0.456, 0.406));
  EXPECT_THAT(withField("std", "128").std, ElementsAre(128));
  EXPECT_FALSE(withField("antialias", "false").antialias);
  EXPECT_EQ(withField("preset", "imagenet"), presetNamed("imagenet"));
}

TEST(PreprocessFile, SaysWhatWasExpected) {
  EXPECT_EQ(errorOf([] { parse(R"({"crop": [1, 2]})"); }),
            "'crop' of 'p.json' is '[1,2]', expected auto, none, a side (224) or width x height (320x240)");
  EXPECT_EQ(errorOf([] { withField("color", "cmyk"); }),
            "'color' of the preprocessing is 'cmyk', expected auto, rgb, bgr or gray");
  EXPECT_THAT(errorOf([] { withField("std", "0.2,0,0.1"); }), HasSubstr("expected a number other than 0"));
  for (const auto* text :
       {"0", "-5", "5x", "x5", "5x0", "12 ", "1e2", "", "99999999999", "crop/", "crop/0", "crop/2"}) {
    EXPECT_THAT(errorOf([&] { withField("resize", text); }), HasSubstr("'resize' of the preprocessing is")) << text;
  }
  for (const auto* text : {"", ",", "1,,2", "1,a", "[1]", "nan", "true"}) {
    EXPECT_THAT(errorOf([&] { withField("mean", text); }), HasSubstr("'mean' of the preprocessing is")) << text;
  }
}

TEST(PreprocessFile, NamesUnknownFieldsAndPresets) {
  EXPECT_EQ(errorOf([] { parse(R"({"means": 1})"); }),
            "'p.json' has an unknown field 'means'; known are preset, resize, interpolation, antialias, crop, color, "
            "scale, mean, std, layout");
  EXPECT_EQ(errorOf([] { withField("preset", "caffe"); }),
            "there is no preprocessing preset 'caffe'; known are imagenet, inception, zero-one, raw");
}

TEST(PreprocessFile, NamesFilesThatAreNoJsonObject) {
  const TemporaryFolder folder;
  const auto broken = folder.write("broken.json", "{\"crop\": ");
  EXPECT_THAT(errorOf([&] { loadPreprocess(broken); }), HasSubstr("broken.json' is not JSON"));
  const auto list = folder.write("list.json", "[]");
  EXPECT_THAT(errorOf([&] { loadPreprocess(list); }), HasSubstr("list.json' holds no JSON object"));
}

}  // namespace
}  // namespace quant::test
