#include "dataset/generated_dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace quant {
namespace {

using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::Le;
using testing::Lt;

TEST(GeneratedDataset, FillsFloatsOverTheIntervalFromMinusOneToOne) {
  const GeneratedDataset dataset({{{"x", DataType::kFloat32, {1, 1000}}}}, 2);
  const Sample sample = dataset.load(0);
  const auto x = sample.inputs.at("x").data<float>();
  EXPECT_THAT(x, Each(Ge(-1.0F)));
  EXPECT_THAT(x, Each(Lt(1.0F)));
  EXPECT_LT(*std::ranges::min_element(x), -0.9F);
  EXPECT_GT(*std::ranges::max_element(x), 0.9F);
}

TEST(GeneratedDataset, GivesTheSameNumbersForTheSameSampleAndOthersForAnother) {
  const GeneratedDataset dataset({{{"x", DataType::kFloat32, {1, 8}}}}, 2);
  const auto numbers = [&](size_t index) {
    const Sample sample = dataset.load(index);
    const auto x = sample.inputs.at("x").data<float>();
    return std::vector<float>(x.begin(), x.end());
  };
  EXPECT_EQ(numbers(1), numbers(1));
  EXPECT_NE(numbers(0), numbers(1));
}

TEST(GeneratedDataset, GivesOpenSizesOfOneNameTheSameSize) {
  const GeneratedDataset dataset({{{"ids", DataType::kInt64, {kOpenSize, kOpenSize}}, {"batch", "sequence"}, {}},
                                  {{"tail", DataType::kFloat32, {kOpenSize}}, {"sequence"}, {}}},
                                 1);
  const Sample sample = dataset.load(0);
  EXPECT_EQ(sample.inputs.at("ids").shape(), (Shape{1, 16}));
  EXPECT_EQ(sample.inputs.at("tail").shape(), (Shape{16}));
}

TEST(GeneratedDataset, GivesPicturesOfOpenSizeSidesOf64) {
  const GeneratedDataset dataset({{{"x", DataType::kFloat32, {kOpenSize, 3, kOpenSize, kOpenSize}}}}, 1);
  EXPECT_EQ(dataset.load(0).inputs.at("x").shape(), (Shape{1, 3, 64, 64}));
}

TEST(GeneratedDataset, KeepsIndicesWithinWhatTheyIndexAndMakesOtherIntegersOne) {
  const GeneratedDataset dataset(
      {{{"ids", DataType::kInt64, {1, 100}}, {}, 4}, {{"mask", DataType::kInt64, {1, 100}}, {}, {}}}, 1);
  const Sample sample = dataset.load(0);
  const auto ids = sample.inputs.at("ids").data<int64_t>();
  EXPECT_THAT(ids, Each(Ge(0)));
  EXPECT_THAT(ids, Each(Le(4)));
  EXPECT_EQ(*std::ranges::max_element(ids), 4);
  EXPECT_THAT(sample.inputs.at("mask").data<int64_t>(), Each(1));
}

TEST(GeneratedDataset, AsksForSamplesWhereItCannotMakeAnyUp) {
  try {
    const GeneratedDataset dataset({{{"x", DataType::kFloat32, {}, false}}}, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("input 'x' is of any shape"));
    EXPECT_EQ(error.code(), ExitCode::kUnsupported);
  }
  const GeneratedDataset strings({{{"s", DataType::kString, {1}}}}, 1);
  EXPECT_THROW((void)strings.load(0), Error);
}

}  // namespace
}  // namespace quant
