#include "app/report_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "app/report_file.h"
#include "core/error.h"

namespace quant {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The numbers that a page holds.
nlohmann::json dataOf(const std::string& page) {
  const std::string begin = R"(id="data">)";
  const size_t from = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

/// Conv -> Relu, calibrated, in int8.
QuantizeReport smallReport() {
  QuantizeReport report;
  report.model = "a.onnx";
  report.output = "b.onnx";
  report.mode = "ptq-int8";
  report.calibration = {"mse", "3 samples (pictures)", 3, "", 0.25};
  report.plan.nodes = {{"c", "conv", "Conv", Treatment::kInt8, "fits"},
                       {"y", "relu", "Relu", Treatment::kAbsorbed, ""}};
  report.plan.activations.emplace("c", QuantParams(DataType::kUInt8, 0.5F, 3));
  report.ranges.values["c"] = {{-1.5F, 126}, -2, 130, 1000, 0};
  report.details = ReportDetails{};
  report.details->inputs = {{}, {0}};
  ObservedValue observed;
  observed.seen = {{{4, 0, 1}, 1, 64, 7}, 0.25, 31.5};
  observed.methods = {{"minmax", {-2, 130}}};
  report.details->values.emplace("c", observed);
  report.details->weights = {{"c", "w", {0.5F, 0.25F, 0}}};
  return report;
}

TEST(ReportPage, NeedsNothingFromElsewhere) {
  const std::string page = quantizeReportHtml(smallReport());
  EXPECT_THAT(page, testing::StartsWith("<!DOCTYPE html>"));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(testing::ContainsRegex("https?://[^w]")));  // but for the name of SVG's language
  EXPECT_THAT(page, Not(HasSubstr("{{")));
}

TEST(ReportPage, NamesCannotEndTheScriptThatHoldsThem) {
  QuantizeReport report = smallReport();
  report.plan.nodes[0].label = "</script><script>alert(1)</script>";
  const std::string page = quantizeReportHtml(report);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  EXPECT_EQ(dataOf(page)["nodes"][0]["label"], report.plan.nodes[0].label);
}

TEST(ReportPage, NamesThatAreNoTextStillGiveAPage) {
  QuantizeReport report = smallReport();
  report.plan.nodes[0].label = "conv\xff";
  EXPECT_EQ(dataOf(quantizeReportHtml(report))["nodes"][0]["label"], "conv\xef\xbf\xbd");
}

TEST(QuantizeReportHtml, HoldsNodesWithWhatTheyRead) {
  const auto nodes = dataOf(quantizeReportHtml(smallReport()))["nodes"];
  ASSERT_EQ(nodes.size(), 2);
  EXPECT_EQ(nodes[0]["treatment"], "int8");
  EXPECT_EQ(nodes[1]["inputs"], nlohmann::json({0}));
}

TEST(QuantizeReportHtml, HoldsTheHistogramOfAValueAndTheRangesOfAllMethods) {
  const auto value = dataOf(quantizeReportHtml(smallReport()))["tensors"][0];
  EXPECT_EQ(value["name"], "c");
  EXPECT_EQ(value["node"], 0);
  EXPECT_EQ(value["clipped"], 0.25);
  EXPECT_EQ(value["alone"], 31.5);
  EXPECT_EQ(value["hist"]["zeros"], 7);
  EXPECT_EQ(value["hist"]["counts"], "CVAABA");  // 4: round(64 log2(5)) = 149
  EXPECT_EQ(value["methods"]["minmax"], nlohmann::json({-2, 130}));
  EXPECT_EQ(value["low"], -1.5);
  EXPECT_EQ(value["high"], 126);
}

TEST(QuantizeReportHtml, HoldsTheRangesOfWeightsByChannel) {
  const auto weights = dataOf(quantizeReportHtml(smallReport()))["weights"][0];
  EXPECT_EQ(weights["label"], "conv");
  EXPECT_EQ(weights["channels"], 3);
  EXPECT_EQ(weights["sizes"], "ABCBAA");
}

TEST(QuantizeReportHtml, ManyChannelsShareCellsThatShowTheLargest) {
  QuantizeReport report = smallReport();
  report.details->weights[0].largest.assign(1024, 0.5F);
  report.details->weights[0].largest[1023] = 1;
  const auto weights = dataOf(quantizeReportHtml(report))["weights"][0];
  const std::string sizes = weights["sizes"];
  EXPECT_EQ(sizes.size(), 2 * 256);
  EXPECT_THAT(sizes, testing::EndsWith("CBAB"));  // half the largest, the largest
}

TEST(QuantizeReportHtml, JoinsStepsWithTheNodesTheyStandFor) {
  QuantizeReport report = smallReport();
  LayerResult step{"conv", "QLinearConv", "uint8", "y_q", 0.5, 1, "y", 31, 0.999, 0.1};
  report.details->layers = {step};
  report.details->float_layers = {{"relu", "FusedConv", "float", "y", 2, 1, "", 0, 0, 0}};
  const auto nodes = dataOf(quantizeReportHtml(report))["nodes"];
  EXPECT_FALSE(nodes[0].contains("sqnr"));
  EXPECT_EQ(nodes[1]["sqnr"], 31);
  EXPECT_EQ(nodes[1]["ms"], 0.5);
  EXPECT_EQ(nodes[1]["msFloat"], 2);
  EXPECT_EQ(nodes[1]["step"], "QLinearConv");
}

TEST(QuantizeReportHtml, FifteenHundredValuesStayBelowThreeMegabytes) {
  QuantizeReport report = smallReport();
  const ObservedValue observed = report.details->values.at("c");
  report.details->inputs.clear();
  for (size_t i = 0; i < 1500; ++i) {
    const std::string name = "/features/features.12/block/block.3/conv/Conv_output_" + std::to_string(i);
    report.plan.nodes.push_back({name, name, "Conv", Treatment::kInt8,
                                 "int8 weights, one scale per output channel, int32 bias; 3 of 32 channels changed "
                                 "against saturation (7 pairs of neighbours above 128)"});
    report.plan.activations.emplace(name, QuantParams(DataType::kUInt8, 0.012345678F, 117));
    report.ranges.values[name] = {{-1.2345678F, 1.2345678F}, -3.2345678F, 3.2345678F, 123456789, 0};
    report.details->inputs.push_back({i > 0 ? i - 1 : 0});
    ObservedValue& value = report.details->values[name] = observed;
    value.seen.bins.counts.assign(Observed::kMostBins, 123456);
    for (const char* method : {"minmax", "percentile", "kl", "mse"}) value.methods[method] = {-1.2345678F, 3.2345678F};
    if (i % 3 == 0) report.details->weights.push_back({name, name, std::vector<float>(512, 0.123F)});
    report.details->layers.push_back({name, "QLinearConv", "uint8", name, 0.1234567, 0, name, 31.234567, 0.999, 0});
  }
  const std::string page = quantizeReportHtml(report);
  EXPECT_LT(page.size(), 3'000'000);
}

TEST(QuantizeReportHtml, APlanWithoutAnythingMeasuredIsAPageToo) {
  QuantizeReport report = smallReport();
  report.details.reset();
  const auto data = dataOf(quantizeReportHtml(report));
  EXPECT_EQ(data["nodes"].size(), 2);
  EXPECT_TRUE(data["latency"].is_null());
}

TEST(EvalReportHtml, HoldsWhatTheJsonReportHolds) {
  EvalReport report;
  report.version = "1.2.3";
  report.models.push_back({});
  report.models[0].name = "a.onnx";
  const auto data = dataOf(evalReportHtml(report));
  EXPECT_EQ(data["format"], "quantize-eval-report");
  EXPECT_EQ(data["models"][0]["name"], "a.onnx");
}

TEST(ReportFormat, IsThatOfTheEnding) {
  EXPECT_EQ(reportFormat("a/b.json"), ReportFormat::kJson);
  EXPECT_EQ(reportFormat("b.md"), ReportFormat::kMarkdown);
  EXPECT_EQ(reportFormat("b.html"), ReportFormat::kHtml);
}

TEST(ReportFormat, AnUnknownEndingIsRefusedWithThoseThereAre) {
  try {
    static_cast<void>(reportFormat("b.txt"));
    FAIL() << "b.txt was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_STREQ(error.what(),
                 "the report 'b.txt' has none of the endings .json, .md and .html, which say how it is written");
  }
}

TEST(ReportMarkdown, HoldsTheSummaryAndEveryNode) {
  QuantizeReport report = smallReport();
  report.plan.nodes[0].label = "a|b";
  const std::string text = reportMarkdown(report);
  EXPECT_THAT(text, testing::StartsWith("# a.onnx as ptq-int8\n"));
  EXPECT_THAT(text, HasSubstr("| calibrated | mse: 3 samples (pictures) |\n"));
  EXPECT_THAT(text, HasSubstr("| a\\|b | Conv | int8 | fits |\n"));
}

}  // namespace
}  // namespace quant
