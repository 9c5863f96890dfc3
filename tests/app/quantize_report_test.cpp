#include "app/quantize_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/mode.h"

namespace quant {
namespace {

using testing::HasSubstr;

QuantizeReport smallReport() {
  QuantizeReport report;
  report.model = "a.onnx";
  report.output = "b.onnx";
  report.mode = "ptq-int8";
  report.model_bytes = 4000;
  report.output_bytes = 1000;
  report.calibration = {"minmax", "3 samples (pictures)", 3, "pixel / 255", 0.25};
  report.plan.nodes = {{"c", "conv", "Conv", Treatment::kInt8, "fits"},
                       {"d", "conv2", "Conv", Treatment::kInt8, "fits"},
                       {"p", "pool", "MaxPool", Treatment::kMoves, "shares"},
                       {"s", "soft", "Softmax", Treatment::kFloat, "sensitive"}};
  report.total_seconds = 1.5;
  report.peak_memory = 12'000'000;
  return report;
}

TEST(SummaryText, SaysFilesSizesRangesAndOperatorsByTreatment) {
  EXPECT_EQ(summaryText(smallReport()),
            "a.onnx -> b.onnx\n"
            "  size       4.0 kB -> 1.0 kB (25.0 %)\n"
            "  calibrated minmax: 3 samples (pictures) in 0.2 s\n"
            "  pictures   pixel / 255\n"
            "  int8       2 Conv, 1 MaxPool\n"
            "  float      1 Softmax\n"
            "  took       1.5 s, peak memory 12.0 MB\n");
}

TEST(SummaryText, SaysNoPreprocessingWhereThereIsNone) {
  QuantizeReport report = smallReport();
  report.calibration.preprocess.clear();
  EXPECT_THAT(summaryText(report), testing::Not(HasSubstr("pictures  ")));
}

TEST(SummaryText, PrintsEveryWarning) {
  QuantizeReport report = smallReport();
  report.plan.warnings = {"value 'x' is never other than zero"};
  EXPECT_THAT(summaryText(report), HasSubstr("  warning    value 'x' is never other than zero\n"));
}

TEST(SummaryText, SaysThatNothingWasCalibratedAndWhichSamplesStoodIn) {
  QuantizeReport report = smallReport();
  report.calibration = {};
  report.verified_with = "4 samples of made-up numbers";
  EXPECT_THAT(summaryText(report), testing::Not(HasSubstr("calibrated")));
  EXPECT_THAT(summaryText(report), HasSubstr("             4 samples of made-up numbers\n"));
}

TEST(SummaryText, SaysWhyTheResultWasNotVerified) {
  QuantizeReport report = smallReport();
  report.not_verified = "1 operator cannot be run here";
  EXPECT_THAT(summaryText(report), HasSubstr("  verified   no: 1 operator cannot be run here\n"));
}

TEST(SummaryText, SaysInWhatSmallWeightsAreStored) {
  QuantizeReport report = smallReport();
  report.plan.nodes[0].treatment = report.plan.nodes[1].treatment = Treatment::kWeights;
  report.plan.stored = {{"w", {DataType::kUInt4, 0, 32, true, false}, {}, ""},
                        {"v", {DataType::kInt8, 0, 0, false, false}, {}, ""}};
  EXPECT_THAT(summaryText(report), HasSubstr("  weights    2 Conv as int8, uint4 in blocks of 32\n"));
}

TEST(SummaryText, SaysWhatIsInt8BesideWhatIsOnlyStoredSo) {
  QuantizeReport report = smallReport();
  report.plan.nodes[0].treatment = Treatment::kDynamic;
  report.plan.nodes[1].treatment = Treatment::kWeights;
  report.plan.stored = {{"v", {DataType::kInt8, 0, 0, false, false}, {}, ""}};
  report.verifications.emplace_back();
  report.verifications[0].macs = {1'000'000, 500'000};
  EXPECT_THAT(summaryText(report), HasSubstr("  int8       1 Conv, 1 MaxPool\n  weights    1 Conv as int8\n"));
  EXPECT_THAT(summaryText(report), HasSubstr("50.0 % of 1.0 M MACs in int8"));
}

TEST(PlanText, AlignsNodesInColumns) {
  EXPECT_THAT(planText(smallReport().plan), testing::StartsWith("int8         Conv     conv   fits\n"
                                                                "int8         Conv     conv2  fits\n"
                                                                "int8 (moves) MaxPool  pool   shares\n"
                                                                "float        Softmax  soft   sensitive\n"));
}

TEST(PlanText, ALongNameMovesOnlyItsOwnLine) {
  QuantizationPlan plan = smallReport().plan;
  plan.nodes[0].label = std::string(60, 'x');
  EXPECT_THAT(planText(plan), HasSubstr("\nint8         Conv     conv2" + std::string(48 - 5, ' ') + "  fits\n"));
}

/// One node of 8 output channels, of which five were changed.
QuantizationPlan changedPlan() {
  QuantizationPlan plan;
  plan.nodes = {{"c", "conv", "Conv", Treatment::kInt8, "fits"}};
  WeightPlan weights{"w", 1, QuantParams(DataType::kInt8, 0.5F, 0)};
  weights.channels = 8;
  weights.changed_channels = {{0, 2, 1.25F, 1}, {1, 1, 1.5F, 0}, {2, 1, 1.1F, 0}, {5, 3, 1.2F, 0}, {7, 1, 1.0F, 2}};
  plan.weights.emplace("c", weights);
  return plan;
}

TEST(PlanText, SaysWhichChannelsWereChangedAgainstSaturation) {
  EXPECT_THAT(planText(changedPlan()),
              HasSubstr("\ntarget x86: pairs of neighbouring weights above 128, whose products would saturate 16 bits "
                        "on CPUs without VNNI\n"
                        "  conv: 8 pairs in 5 of 8 channels (0-2, 5, 7); scales up to 1.50 times, 3 pairs lowered\n"));
}

TEST(PlanText, SaysNothingOfSaturationWithoutChangedChannels) {
  QuantizationPlan plan = changedPlan();
  plan.weights.at("c").changed_channels.clear();
  EXPECT_THAT(planText(plan), testing::Not(HasSubstr("target")));
}

TEST(SummaryText, CountsChannelsChangedForTheTarget) {
  QuantizeReport report = smallReport();
  report.plan = changedPlan();
  EXPECT_THAT(summaryText(report),
              HasSubstr("  target     x86: 5 of 8 output channels changed against saturation, in 1 "
                        "of 1 nodes with weights\n"));
  report.plan.target = Target::kX86Vnni;
  report.plan.weights.at("c").changed_channels.clear();
  EXPECT_THAT(summaryText(report), HasSubstr("  target     x86-vnni: all weights keep their full 8 bits\n"));
}

TEST(ReportJson, HoldsChangedChannelsWithTheirPairs) {
  QuantizeReport report = smallReport();
  report.plan = changedPlan();
  const auto json = nlohmann::json::parse(reportJson(report));
  EXPECT_EQ(json["target"], "x86");
  const auto& weights = json["weights"][0];
  EXPECT_EQ(weights["unsafe_pairs"], 8);
  EXPECT_EQ(weights["lowered_pairs"], 3);
  EXPECT_EQ(weights["changed_channels"].size(), 5);
  EXPECT_EQ(weights["changed_channels"][3]["channel"], 5);
  EXPECT_EQ(weights["changed_channels"][3]["pairs"], 3);
}

TEST(ReportJson, HoldsEveryNodeWithItsReason) {
  const auto json = nlohmann::json::parse(reportJson(smallReport()));
  ASSERT_EQ(json["nodes"].size(), 4);
  EXPECT_EQ(json["nodes"][3]["node"], "soft");
  EXPECT_EQ(json["nodes"][3]["reason"], "sensitive");
  EXPECT_EQ(json["calibration"]["samples"], 3);
  EXPECT_EQ(json["output"]["bytes"], 1000);
}

TEST(OutputPath, IsBesideTheModelUnlessNamed) {
  QuantizeOptions options;
  options.model = "dir/net.v2.onnx";
  EXPECT_EQ(outputPath(options), "dir/net.v2.int8.onnx");
  options.output = "other.onnx";
  EXPECT_EQ(outputPath(options), "other.onnx");
}

}  // namespace
}  // namespace quant
