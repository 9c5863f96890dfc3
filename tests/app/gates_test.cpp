#include "app/gates.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "core/files.h"

namespace quant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// float.onnx as baseline, and int8.onnx: 100 and 25 bytes, 10 and 4 ms, one point of 100 samples lost.
EvalReport twoModels() {
  EvalReport report;
  report.models.resize(2);
  report.baseline = 0;
  report.models[0].name = "float.onnx";
  report.models[1].name = "int8.onnx";
  report.models[0].bytes = 100;
  report.models[1].bytes = 25;
  for (int i = 0; i < 2; ++i) {
    BatchLatency latency;
    latency.p50 = i == 0 ? 10 : 4;
    report.models[static_cast<size_t>(i)].latency.push_back(latency);
  }
  BatchLatency eight;
  eight.batch = 8;
  eight.p50 = 20;
  report.models[1].latency.push_back(eight);
  report.models[1].drop = AccuracyDrop{1, 0, {-0.5, 3}, 2, 1};
  return report;
}

/// What the condition finds of int8.onnx.
GateResult judged(const std::string& condition) {
  const auto results = judge({parseGate(condition)}, twoModels());
  EXPECT_EQ(results.size(), 1);
  EXPECT_EQ(results.at(0).model, "int8.onnx");
  return results.at(0);
}

std::string errorOf(const std::string& condition) {
  try {
    (void)parseGate(condition);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    return error.what();
  }
  return "";
}

TEST(Gates, FailWhenTheConditionHolds) {
  EXPECT_TRUE(judged("top1_drop > 0.5").failed);
  EXPECT_FALSE(judged("top1_drop > 1.0").failed);
  EXPECT_TRUE(judged("top1_drop >= 1.0").failed);
  EXPECT_TRUE(judged("speedup < 3").failed);
  EXPECT_TRUE(judged("speedup<=2.5").failed);
  EXPECT_TRUE(judged("size_ratio > 0.2").failed);
}

TEST(Gates, TakeUnits) {
  EXPECT_FALSE(judged("p50 > 5 ms").failed);
  EXPECT_FALSE(judged("p50 > 5").failed);
  EXPECT_TRUE(judged("p50 > 3000us").failed);
  EXPECT_FALSE(judged("p50 > 1 s").failed);
  EXPECT_TRUE(judged("size > 20 B").failed);
  EXPECT_FALSE(judged("size > 1 KiB").failed);
  EXPECT_TRUE(judged("top1_drop > 0.5 %").failed);
  EXPECT_DOUBLE_EQ(judged("p50 > 1 us").value, 4000);
}

TEST(Gates, CanSpeakOfABatchSize) { EXPECT_EQ(judged("p50@8 > 10 ms").value, 20); }

TEST(Gates, CanSpeakOfTheEndsOfTheInterval) {
  EXPECT_FALSE(judged("top1_drop_low > 0").failed);
  EXPECT_TRUE(judged("top1_drop_high > 2").failed);
}

TEST(Gates, JudgeAModelAlone) {
  EvalReport report = twoModels();
  report.models.erase(report.models.begin());
  report.baseline.reset();
  EXPECT_EQ(judge({parseGate("p50 > 1 ms")}, report).size(), 1);
}

TEST(Gates, WithAnUnknownNameAreAnsweredWithTheNames) {
  EXPECT_THAT(errorOf("top1_loss > 1"), AllOf(HasSubstr("'top1_loss'"), HasSubstr("top1_drop, "), HasSubstr("p50")));
}

TEST(Gates, ThatAreNoConditionsAreRefused) {
  EXPECT_THAT(errorOf("top1_drop"), HasSubstr("no condition"));
  EXPECT_THAT(errorOf("top1_drop > lots"), HasSubstr("'lots' is no number"));
  EXPECT_THAT(errorOf("p50 > 5 parsec"), HasSubstr("ms, us, s"));
  EXPECT_THAT(errorOf("size > 5"), HasSubstr("B, kB, MB"));
  EXPECT_THAT(errorOf("size_ratio > 5 ms"), HasSubstr("has no unit"));
  EXPECT_THAT(errorOf("top1@8 > 5"), HasSubstr("batch size"));
}

TEST(Gates, SayWhatTheyNeed) {
  const auto missing = [](const std::string& condition, const Measured& what) -> std::string {
    try {
      requireMeasured(parseGate(condition), what);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  Measured measured;
  EXPECT_THAT(missing("top1_drop > 1", measured), HasSubstr("needs a baseline"));
  EXPECT_THAT(missing("top1 < 1", measured), HasSubstr("needs labels"));
  EXPECT_THAT(missing("p50 > 1", measured), HasSubstr("--latency-runs"));
  measured.baseline = true;
  EXPECT_THAT(missing("layer_sqnr < 10", measured), HasSubstr("--layers"));
  EXPECT_THAT(missing("cosine_min < 0.9", measured), HasSubstr("--metric vectors"));
  EXPECT_THAT(missing("p50@8 > 1", {true, true, false, false, Metric::kClasses, {1, 4}}), HasSubstr("1,4"));
  EXPECT_EQ(missing("p50 > 1", {true, true, false, false, Metric::kClasses, {1}}), "");
}

TEST(Gates, AreAllListedInTheDocumentation) {
  const std::string page = readFile(std::filesystem::path(QUANTIZE_SOURCE_DIR) / "docs" / "eval.md");
  for (const GateName& name : gateNames()) EXPECT_THAT(page, HasSubstr(fmt::format("`{}`", name.name)));
}

TEST(Gates, FailOnWhatIsNoNumber) {
  EvalReport report = twoModels();
  report.models[1].drop->top1 = std::nan("");
  EXPECT_TRUE(judge({parseGate("top1_drop > 1")}, report).front().failed);
}

}  // namespace
}  // namespace quant
