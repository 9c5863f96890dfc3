#include "app/verify_result.h"

#include <algorithm>

#include "app/calibrate.h"
#include "app/keep_float.h"
#include "app/model_data.h"
#include "core/files.h"
#include "eval/comparison.h"
#include "onnx_io/load.h"

namespace quant {

namespace {

/// Without samples, made-up ones show whether the model runs and how far its outputs move.
constexpr size_t kMadeUpSamples = 4;

/// A larger model is run only when the user asks for it: that takes as much memory, twice.
constexpr uint64_t kLargeModel = 2'000'000'000;

/// More names than this say nothing to a person.
constexpr size_t kMostNames = 5;

/// Made-up numbers show roughly where a result is lost: the first few places are enough, and so is one sample.
constexpr size_t kMostPlaces = 3;
constexpr size_t kSamplesForPlaces = 1;

/// Where verifying took longer, every value of two models is too much to keep for a hint.
constexpr double kLongVerification = 2;  // seconds

/// The float model's outputs for the first `count` samples: those that deciding gave, or of another run.
FloatOutputs completeOutputs(FloatOutputs given, const Graph& original, const Dataset& dataset, size_t count) {
  const auto is_there = [](const std::vector<Tensor>& outputs) { return !outputs.empty(); };
  const bool complete = given.samples.size() == count && std::ranges::all_of(given.samples, is_there);
  return complete ? std::move(given) : runFloat(original, dataset, count);
}

void verifyOn(const Dataset& dataset, ModeRun& run) {
  const size_t count = samplesToVerify(dataset, run.options);
  run.outputs = completeOutputs(std::move(run.outputs), run.runnable(), dataset, count);
  const Graph quantized = run.runnableOf(load(run.report.output));
  const auto verifyWith = [&](Backend backend, const char* title) {
    run.report.verifications.push_back(verify(run.outputs, quantized, backend, dataset, run.console.progress(title)));
  };
  verifyWith(Backend::kOneDnn, "verifying");
  if (run.options.verify_exact) verifyWith(Backend::kReference, "verifying exactly");
  run.report.verified_with = dataset.description();
  if (run.part != nullptr) run.report.not_run = run.part->description();
  if (run.report.details) measureDetails(*run.report.details, run, quantized, dataset, count);
}

/// "conv1 (Conv, 0.9123 alone), conv2 (Conv, 0.9541 alone) and 3 more".
std::string namesOf(std::span<const LossyNode> nodes) {
  std::vector<std::string> names;
  for (const LossyNode& node : nodes.first(std::min(nodes.size(), kMostNames))) {
    names.push_back(fmt::format("{} ({}, {:.5f} alone)", node.label, node.op_type, node.cosine));
  }
  const std::string rest = nodes.size() > kMostNames ? fmt::format(" and {} more", nodes.size() - kMostNames) : "";
  return fmt::format("{}{}", fmt::join(names, ", "), rest);
}

/// "; most is lost up to fc1 (Gemm, 12.3 dB by itself) and fc2 (Gemm, 15.0 dB by itself)": of made-up samples, in one
/// run of both models. Empty where they cannot be compared value by value.
std::string placesOfLoss(const ModeRun& run) {
  if (run.report.verifications.front().seconds > kLongVerification) return "";
  const auto dataset = madeUpData(run.graph, kSamplesForPlaces);
  const Graph quantized = run.runnableOf(load(run.report.output));
  std::vector<std::string> places;
  try {
    const ModelComparison comparison =
        compareModels({"float", &run.runnable(), dataset.get()}, {"quantized", &quantized, dataset.get()});
    for (const size_t index : largestAddedLosses(comparison, kMostPlaces)) {
      const ValueDifference& value = comparison.values[index];
      const std::string& node = value.baseline.node;
      places.push_back(fmt::format("{} ({}, {:.1f} dB by itself)", node.empty() ? value.baseline.value : node,
                                   value.baseline.op_type, *value.added_sqnr));
    }
  } catch (const Error&) {
    return "";
  }
  return places.empty() ? "" : fmt::format("; most is lost up to {}", fmt::join(places, ", "));
}

void keepInFloat(NodeSelection& selection, std::span<const LossyNode> nodes) {
  for (const LossyNode& node : nodes) {
    selection.kept_float[node.output] =
        fmt::format("left in float: quantized alone it lowers the result's cosine to {:.5f}", node.cosine);
  }
}

}  // namespace

void verifyResult(ModeRun& run) {
  if (run.options.verify_samples == 0) return;
  if (run.report.model_bytes > kLargeModel && !run.options.verify_large) {
    run.report.not_verified = fmt::format("it would take the memory of {} of weights; --verify N does it all the same",
                                          humanSize(run.report.model_bytes));
    return;
  }
  if (run.dataset != nullptr) return verifyOn(*run.dataset, run);
  if (rowOf(run.options.mode).needs_samples) {
    run.report.not_verified = "no samples were given beside the ranges; --calib-data DIR adds them";
    return;
  }
  try {
    verifyOn(*madeUpData(run.graph, kMadeUpSamples), run);
  } catch (const Error& error) {
    run.report.not_verified = error.what();
  }
}

void announceOtherShapes(QuantizeReport& report) {
  if (report.verifications.empty()) return;
  const Verification& verification = report.verifications.front();
  std::vector<std::string> outputs;
  for (const OutputAgreement& output : verification.outputs) {
    const auto left_out = output.agreement.otherShapes();
    if (2 * left_out <= static_cast<int64_t>(verification.samples)) continue;
    outputs.push_back(fmt::format("'{}' in {} of {} samples ({})", output.output, left_out, verification.samples,
                                  output.agreement.otherShape()));
  }
  if (outputs.empty()) return;
  report.plan.warnings.push_back(
      fmt::format("the result was hardly compared with the float model: its outputs have another shape, {}; how close "
                  "they are is not known",
                  fmt::join(outputs, ", ")));
}

void heedLoss(ModeRun& run, NodeSelection& selection, const std::function<void()>& write_again) {
  QuantizeReport& report = run.report;
  const double wanted = run.options.min_cosine;
  if (report.verifications.empty() || worstCosine(report.verifications.front()) >= wanted) return;
  std::string far = fmt::format("the result is far from the float model: cosine {:.5f}, under {}",
                                worstCosine(report.verifications.front()), wanted);
  if (run.dataset == nullptr) {
    report.plan.warnings.push_back(fmt::format(
        "{}, on made-up numbers{}; with samples of yours (--calib-data) what causes it is found and left in float", far,
        placesOfLoss(run)));
    return;
  }
  const LossSearch search = findLossyNodes(run, *run.dataset, run.outputs);
  const std::span<const LossyNode> nodes(search.nodes);
  if (search.measured < search.candidates) {
    far +=
        fmt::format(" (measured alone: {} of {} nodes, those where most is lost)", search.measured, search.candidates);
  }
  if (nodes.empty() || !run.options.mend) {
    const std::string cause = nodes.empty() ? "; no node alone causes it" : "; it comes from " + namesOf(nodes);
    report.plan.warnings.push_back(far + cause);
    return;
  }
  double cosine = 0;
  size_t kept = 0;
  for (size_t count = std::max<size_t>(countToKeep(search.nodes, wanted), 1); cosine < wanted && kept < nodes.size();
       count *= 2) {
    kept = std::min(count, nodes.size());
    keepInFloat(selection, nodes.first(kept));
    write_again();
    cosine = worstCosine(report.verifications.front());
  }
  report.plan.warnings.push_back(
      fmt::format("{}; left in float: {}; now the cosine is {:.5f}", far, namesOf(nodes.first(kept)), cosine));
}

}  // namespace quant
