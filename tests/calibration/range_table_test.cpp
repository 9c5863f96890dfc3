#include "calibration/range_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <functional>
#include <limits>
#include <random>

#include "core/error.h"
#include "core/files.h"

namespace quant {
namespace {

constexpr uint64_t kHash = 0x0123456789abcdef;

RangeTable smallTable() {
  RangeTable table{"percentile 99.9", kHash, {}};
  table.values["conv/out:0"] = {{-0.1F, 6}, -0.25F, 6, 1000, 0};
  table.values["zeros"] = {{0, 0}, 0, 0, 12, 3};
  return table;
}

constexpr const char* kSmallJson = R"({
  "format": "quantize-ranges",
  "method": "percentile 99.9",
  "model_hash": "0123456789abcdef",
  "values": {
    "conv/out:0": {
      "elements": 1000,
      "high": 6.0,
      "low": -0.1,
      "max": 6.0,
      "min": -0.25,
      "non_finite": 0
    },
    "zeros": {
      "elements": 12,
      "high": 0.0,
      "low": 0.0,
      "max": 0.0,
      "min": 0.0,
      "non_finite": 3
    }
  },
  "version": 1
}
)";

/// kSmallJson with `from` replaced.
std::string changed(const std::string& from, const std::string& to) {
  std::string json = kSmallJson;
  const size_t position = json.find(from);
  EXPECT_NE(position, std::string::npos);
  return json.replace(position, from.size(), to);
}

std::string refusal(const std::string& json) {
  try {
    (void)parseRangeTable(json, kHash, "r.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    return error.what();
  }
  return "accepted";
}

TEST(RangeTable, IsWrittenAsJsonThatPeopleCanRead) { EXPECT_EQ(toJson(smallTable()), kSmallJson); }

TEST(RangeTable, IsReadAsItWasWritten) { EXPECT_EQ(parseRangeTable(kSmallJson, kHash, "r.json"), smallTable()); }

TEST(RangeTable, KeepsEveryBitOfItsFloats) {
  std::mt19937 random(1);
  RangeTable table{"kl", kHash, {}};
  const auto next = [&] {  // any finite float, small ones and denormals too
    return std::bit_cast<float>(static_cast<uint32_t>(random() % 0x7f800000U));
  };
  for (int i = 0; i < 2000; ++i) {
    const float low = -next(), high = next();
    table.values[std::to_string(i)] = {{low, high}, -next(), next(), static_cast<int64_t>(random()), 0};
  }
  table.values["least"] = {{-std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::max()}, 0, 0, 1, 0};
  table.values["many"].elements = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(parseRangeTable(toJson(table), kHash, "r.json"), table);
}

TEST(RangeTable, SurvivesAFile) {
  const auto path = std::filesystem::path(testing::TempDir()) / "range_table_test.json";
  saveRangeTable(smallTable(), path);
  EXPECT_EQ(loadRangeTable(path, kHash), smallTable());
  std::filesystem::remove(path);
  EXPECT_THROW((void)loadRangeTable(path, kHash), Error);
}

TEST(RangeTable, FindsOnlyWhatItHolds) {
  EXPECT_EQ(smallTable().find("conv/out:0"), (Range{-0.1F, 6}));
  EXPECT_EQ(smallTable().find("other"), std::nullopt);
}

TEST(RangeTable, RefusesAnotherModel) {
  EXPECT_EQ(refusal(changed("0123456789abcdef", "0000000000000001")),
            "'r.json' holds the ranges of another model (its hash is 0000000000000001, that of this model is "
            "0123456789abcdef): calibrate again");
}

TEST(RangeTable, RefusesAnotherVersionAndFormat) {
  EXPECT_EQ(refusal(changed(R"("version": 1)", R"("version": 2)")),
            "'r.json' has version 2; this program reads version 1: calibrate again");
  EXPECT_EQ(refusal(changed("quantize-ranges", "recipe")),
            "'r.json' is a file of format 'recipe', not 'quantize-ranges'");
}

TEST(RangeTable, RefusesMissingKeys) {
  EXPECT_EQ(refusal("{}"), "'r.json' has no 'format'");
  EXPECT_EQ(refusal(changed(R"("model_hash")", R"("hash")")), "'r.json' has no 'model_hash'");
  EXPECT_EQ(refusal(changed(R"("high": 6.0,)", "")), "'r.json': value 'conv/out:0' has no 'high'");
}

TEST(RangeTable, RefusesWhatIsNoRange) {
  EXPECT_EQ(refusal(changed(R"("low": -0.1)", R"("low": 7)")),
            "'r.json': value 'conv/out:0': 'low' is 7, above 'high', which is 6");
  EXPECT_EQ(refusal(changed(R"("high": 6.0)", R"("high": null)")),
            "'r.json': value 'conv/out:0': 'high' is null, not a number");
  EXPECT_EQ(refusal(changed(R"("high": 6.0)", R"("high": "6")")),
            "'r.json': value 'conv/out:0': 'high' is \"6\", not a number");
  EXPECT_THAT(refusal(changed(R"("high": 6.0)", R"("high": 1e39)")),
              testing::StartsWith("'r.json' is not valid JSON: "));
  EXPECT_EQ(refusal(changed(R"("elements": 1000)", R"("elements": -1)")),
            "'r.json': value 'conv/out:0': 'elements' is -1, not a count");
}

TEST(RangeTable, RefusesWhatIsNoJsonOrOfTheWrongKind) {
  EXPECT_THAT(refusal("{"), testing::StartsWith("'r.json' is not valid JSON: "));
  EXPECT_THAT(refusal(""), testing::StartsWith("'r.json' is not valid JSON: "));
  EXPECT_EQ(refusal("[]"), "'r.json' is not a JSON object");
  EXPECT_EQ(refusal(R"({"format": 5})"), "'r.json': 'format' is 5, not a text");
  EXPECT_EQ(refusal(changed(R"("values": {)", R"("values": [], "others": {)")),
            "'r.json': 'values' is not a JSON object");
}

TEST(RangeTable, KeepsTheMeansOfChannels) {
  RangeTable table = smallTable();
  table.values["zeros"].channel_axis = -1;
  table.values["zeros"].channel_means = {0.1F, -3e-20F};
  EXPECT_EQ(parseRangeTable(toJson(table), kHash, "r.json"), table);
}

TEST(RangeTable, KeepsTheLevelsOfChannels) {
  RangeTable table = smallTable();
  table.values["zeros"].levels = {0.5F, 3};
  EXPECT_EQ(parseRangeTable(toJson(table), kHash, "r.json"), table);
}

TEST(RangeTable, RefusesLevelsThatNothingCanBeDividedBy) {
  RangeTable table = smallTable();
  for (const float level : {0.0F, -1.0F, 1e-45F}) {
    table.values["zeros"].levels = {1, level};
    EXPECT_THROW(parseRangeTable(toJson(table), kHash, "r.json"), Error) << level;
  }
}

TEST(RangeTable, RefusesMeansThatAreNoNumbers) {
  const auto with = [](const std::string& means) {
    return refusal(
        changed(R"("elements": 12,)", R"("elements": 12, "channel_axis": 1, "channel_means": )" + means + ","));
  };
  EXPECT_EQ(with("3"), "'r.json': value 'zeros': 'channel_means' is not a list of numbers");
  EXPECT_EQ(with(R"([1, "a"])"), R"('r.json': value 'zeros': 'channel_means' holds "a", which is no finite float)");
}

TEST(MakeRangeTable, KeepsTheMeansOfChannels) {
  StatisticsTable statistics;
  statistics.emplace("a", TensorStatistics(TensorStatistics::Detail::kSummary, 1));
  statistics.at("a").observe(Tensor::of<float>({1, 2, 2}, {1, 3, 0, 0}));
  const RangeTable table = makeRangeTable(statistics, findCalibrationMethod("minmax"), {}, kHash);
  EXPECT_EQ(table.values.at("a").channel_axis, 1);
  EXPECT_THAT(table.values.at("a").channel_means, testing::ElementsAre(2, 0));
}

TEST(MakeRangeTable, AppliesTheMethodToEveryValue) {
  StatisticsTable statistics;
  statistics["a"].observe(std::vector<float>{-1, 2, std::numeric_limits<float>::infinity()});
  statistics["none"];
  const RangeTable table = makeRangeTable(statistics, findCalibrationMethod("minmax"), {}, kHash);
  EXPECT_EQ(table.method, "minmax");
  EXPECT_EQ(table.model_hash, kHash);
  EXPECT_EQ(table.values.size(), 2);
  EXPECT_EQ(table.values.at("a"), (RangeEntry{{-1, 2}, -1, 2, 3, 1}));
  EXPECT_EQ(table.values.at("none"), (RangeEntry{{0, 0}, 0, 0, 0, 0}));
}

TEST(MakeRangeTable, PassesErrorsOn) {
  StatisticsTable statistics;
  statistics.emplace("a", TensorStatistics::Detail::kHistogram);
  const CalibrationMethod& method = findCalibrationMethod("percentile");
  EXPECT_THROW((void)makeRangeTable(statistics, method, {.percentile = 200}, kHash), Error);
}

}  // namespace
}  // namespace quant
