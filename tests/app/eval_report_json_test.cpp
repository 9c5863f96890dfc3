#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "app/eval_printers.h"

namespace quant {
namespace {

EvalReport twoModels() {
  EvalReport report;
  report.models.resize(2);
  report.baseline = 0;
  return report;
}

TEST(EvalReportJson, CallsWhatWasNotMeasuredNull) {
  const auto model = nlohmann::json::parse(evalReportJson(twoModels()))["models"][1];
  for (const char* key : {"accuracy", "drop", "vectors", "same_top1_percent", "peak_memory_bytes", "isa_effects"}) {
    EXPECT_TRUE(model.at(key).is_null()) << key;
  }
}

TEST(EvalReportJson, CallsTheSqnrOfEqualOutputsNull) {
  EvalReport report = twoModels();
  report.models[1].outputs.push_back({"y", std::numeric_limits<double>::infinity(), 1, 0, 0, 0});
  const auto json = nlohmann::json::parse(evalReportJson(report));
  EXPECT_TRUE(json["models"][1]["outputs"][0]["sqnr_db"].is_null());
}

TEST(EvalReportJson, SurvivesNamesThatAreNoUtf8) {
  EvalReport report = twoModels();
  report.models[0].name.assign(1, static_cast<char>(0xFF));
  EXPECT_TRUE(nlohmann::json::accept(evalReportJson(report)));
}

TEST(EvalReportJson, GivesIntervalsAsTwoNumbers) {
  EvalReport report = twoModels();
  report.models[1].drop = AccuracyDrop{0.5, 0, {-0.25, 1.25}, 3, 1};
  const auto json = nlohmann::json::parse(evalReportJson(report));
  EXPECT_EQ(json["models"][1]["drop"]["top1_interval_points"], (nlohmann::json{-0.25, 1.25}));
  EXPECT_FALSE(json["models"][1]["drop"]["significant"].get<bool>());
}

}  // namespace
}  // namespace quant
