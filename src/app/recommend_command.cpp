#include "app/recommend_command.h"

#include <algorithm>
#include <array>

#include "app/mode.h"
#include "core/files.h"
#include "onnx_io/densify.h"
#include "onnx_io/load.h"
#include "passes/pass.h"

namespace quant {

namespace {

/// Scales of 32 bits for blocks of 32 weights add one bit to each.
constexpr double kInt4Bits = 4 + 1;

/// Below it, a file is mostly its graph.
constexpr int64_t kSmall = 100'000;
/// From it on, reading the weights takes longer than multiplying with them, whatever the operators.
constexpr int64_t kLarge = 2'000'000'000;

/// A float constant of `bytes` stored with `bits` an element.
int64_t shrunk(int64_t bytes, double bits) { return static_cast<int64_t>(static_cast<double>(bytes) * bits / 32); }

bool isThere(Mode mode) { return std::ranges::find(modes(), mode, &ModeRow::mode) != modes().end(); }

/// The best modes first.
std::vector<Advice> preferences(const ModelSurvey& survey) {
  constexpr std::string_view kWeights = "its time goes into reading weights, which become a quarter";
  const Advice half = {Mode::kFp16, "half the size for any model, at full speed on GPUs"};
  const Advice dynamic = {Mode::kDynamic, kWeights};
  const Advice weight_only = {Mode::kWeightOnly, kWeights};
  const Advice integers = {Mode::kPtqInt8, "its time goes into multiplying, which int8 does several times as fast"};
  if (survey.bytes.total() >= kLarge) return {weight_only, half};
  switch (survey.kind) {
    case ModelKind::kConvolutional: return {integers};
    case ModelKind::kTransformer:
    case ModelKind::kRecurrent: return {dynamic, weight_only, half};
    case ModelKind::kDense: return {dynamic, integers};
    case ModelKind::kOther: return {half};
  }
  return {};
}

std::string_view madeFor(Mode mode) {
  switch (mode) {
    case Mode::kPtqInt8: return "CPUs; convolutional networks first, and any other that samples are at hand for";
    case Mode::kFp16: return "GPUs, NPUs, phones; nearly no loss";
    case Mode::kBf16: return "GPUs and CPUs with bfloat16; where float16's range is too small";
    case Mode::kDynamic: return "CPUs; transformers and recurrent networks";
    case Mode::kWeightOnly: return "small files; models bound by memory; computes in float";
  }
  return {};
}

struct Line {
  std::string mode;
  int64_t bytes;
  std::string_view samples, made_for;
};

std::vector<Line> linesFor(const WeightBytes& bytes) {
  std::vector<Line> lines;
  for (const ModeRow& row : modes()) {
    const std::string_view samples = row.needs_samples ? "needed" : "not needed";
    lines.push_back({std::string(row.name), estimateBytes(bytes, row.mode), samples, madeFor(row.mode)});
    if (row.mode != Mode::kWeightOnly) continue;
    lines.push_back({"  4 bits", estimateBytes(bytes, row.mode, 4), samples, "the smallest files; check what is lost"});
  }
  return lines;
}

std::string tableText(const std::vector<Line>& lines, int64_t model_bytes, int64_t constant_bytes) {
  std::string text = fmt::format("  {:<12}{:>18}   {:<11} {}\n", "mode", "size, about", "samples", "made for");
  for (const Line& line : lines) {
    const auto size = static_cast<uint64_t>(model_bytes - constant_bytes + line.bytes);
    const double share = 100.0 * static_cast<double>(size) / static_cast<double>(std::max<int64_t>(model_bytes, 1));
    text += fmt::format("  {:<12}{:>18}   {:<11} {}\n", line.mode, fmt::format("{} ({:.0f} %)", humanSize(size), share),
                        line.samples, line.made_for);
  }
  return text;
}

/// The command that does it, with the samples that were given.
std::string commandFor(const ModeRow& row, const QuantizeOptions& options) {
  std::string command = fmt::format("quantize {} --mode {}", options.model.string(), row.name);
  if (!options.data.folder.empty()) {
    command += " --calib-data " + options.data.folder.string();
  } else if (row.needs_samples) {
    command += " --calib-data DIR";
  }
  return command;
}

std::string adviceText(const ModelSurvey& survey, const QuantizeOptions& options) {
  const auto advice = adviseMode(survey);
  if (!advice) {
    return survey.bytes.small_integers > 0
               ? "\nIts weights are quantized already: no mode makes it smaller.\n"
               : "\nIt holds no float32 weights. If it holds float16 ones, --mode weight-only makes those smaller.\n";
  }
  std::string text =
      fmt::format("\nRecommended: {}. {}\n", rowOf(advice->mode).name, commandFor(rowOf(advice->mode), options));
  text += fmt::format("  A {}: {}.\n", toString(survey.kind), advice->reason);
  if (survey.bytes.total() < kSmall) text += "  It is so small that little is to be gained.\n";
  return text + "Nothing was written. How to choose: docs/choosing-a-mode.md\n";
}

}  // namespace

int64_t estimateBytes(const WeightBytes& bytes, Mode mode, int weight_bits) {
  constexpr double kByte = 8, kHalf = 16;
  WeightBytes left = bytes;
  switch (mode) {
    case Mode::kFp16:
    case Mode::kBf16: return bytes.total() - bytes.floats() + shrunk(bytes.floats(), kHalf);
    case Mode::kPtqInt8: left.convolution = shrunk(bytes.convolution, kByte); [[fallthrough]];
    case Mode::kDynamic:
      left.product = shrunk(bytes.product, kByte);
      left.recurrent = shrunk(bytes.recurrent, kByte);
      left.embedding = shrunk(bytes.embedding, kByte);
      break;
    case Mode::kWeightOnly:
      left.convolution = shrunk(bytes.convolution, kByte);
      left.recurrent = shrunk(bytes.recurrent, kByte);
      left.product = shrunk(bytes.product, weight_bits == 4 ? kInt4Bits : kByte);
      left.embedding = shrunk(bytes.embedding, weight_bits == 4 ? kInt4Bits : kByte);
      break;
  }
  return left.total();
}

std::optional<Advice> adviseMode(const ModelSurvey& survey) {
  if (survey.bytes.floats() == 0 || survey.bytes.small_integers > survey.bytes.floats()) return {};
  for (const Advice& advice : preferences(survey)) {
    if (isThere(advice.mode)) return advice;
  }
  return {};
}

ExitCode recommendCommand(const QuantizeOptions& options, const Console& console) {
  Graph graph = load(options.model);
  densifyInitializers(graph);
  extractConstants(graph);
  const ModelSurvey survey = surveyModel(graph);
  // External data is not in the file.
  const auto model_bytes =
      std::max(static_cast<int64_t>(std::filesystem::file_size(options.model)), survey.bytes.total());
  console.out << fmt::format("{}: {}, {}, {:.1f} M parameters, opset {}\n", options.model.string(),
                             toString(survey.kind), humanSize(static_cast<uint64_t>(model_bytes)),
                             static_cast<double>(survey.parameters) * 1e-6, graph.opset())
              << tableText(linesFor(survey.bytes), model_bytes, survey.bytes.total()) << adviceText(survey, options);
  return ExitCode::kOk;
}

}  // namespace quant
