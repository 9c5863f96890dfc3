#include "app/keep_float.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"

namespace quant {

namespace {

/// A node that alone takes less than this share of the loss allowed is not worth a word.
constexpr double kLeastShare = 0.01;

/// So many samples tell nodes apart that lose much from those that do not.
constexpr size_t kSamples = 4;

FloatOutputs firstOf(const FloatOutputs& outputs) {
  FloatOutputs first{outputs.names, {}};
  for (const auto& sample : outputs.samples) {
    if (first.samples.size() == kSamples) break;
    first.samples.emplace_back();
    for (const Tensor& tensor : sample) first.samples.back().push_back(tensor.alias(tensor.shape()));
  }
  return first;
}

/// The worst cosine with only the node of `output` quantized; nothing when that is no plan.
std::optional<double> cosineAlone(const ModeRun& run, const std::string& output, const Dataset& dataset,
                                  const FloatOutputs& expected) {
  QuantizeOptions options = run.options;
  options.int8.selection.only = {output};
  options.calibration.save_ranges.clear();
  const Console silent{run.console.out, [](const std::string&) -> Progress { return nullptr; }, true};
  QuantizeReport report;
  report.ranges = run.report.ranges;
  ModeRun alone{run.graph, options, run.dataset, silent, report};
  alone.moments = run.moments;
  alone.part = run.part;
  const ModeRow& row = rowOf(options.mode);
  try {
    row.plan(alone);
    Graph quantized = run.graph.clone();
    row.apply(quantized, alone);
    return worstCosine(verify(expected, run.runnableOf(std::move(quantized)), Backend::kOneDnn, dataset));
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

double worstCosine(const Verification& verification) {
  double worst = 1;
  for (const OutputAgreement& output : verification.outputs) {
    if (output.agreement.elements() == 0) continue;
    const double cosine = output.agreement.newNonFinite() > 0 ? 0 : output.agreement.cosine();
    worst = std::min(worst, std::isfinite(cosine) ? cosine : 0);
  }
  return worst;
}

std::vector<LossyNode> findLossyNodes(const ModeRun& run, const Dataset& dataset, const FloatOutputs& expected) {
  const FloatOutputs few = firstOf(expected);
  std::vector<const NodePlacement*> treated;
  for (const NodePlacement& row : run.report.plan.nodes) {
    const bool computes = row.treatment != Treatment::kFloat && row.treatment != Treatment::kMoves &&
                          row.treatment != Treatment::kAbsorbed;
    if (computes) treated.push_back(&row);
  }
  const Progress progress = run.console.progress("looking for what loses most");
  const double least = kLeastShare * (1 - run.options.min_cosine);
  std::vector<LossyNode> nodes;
  for (size_t i = 0; i < treated.size(); ++i) {
    const NodePlacement& row = *treated[i];
    const auto cosine = cosineAlone(run, row.output, dataset, few);
    if (cosine && 1 - *cosine > least) nodes.push_back({row.output, row.label, row.op_type, *cosine});
    if (progress) progress(static_cast<int64_t>(i + 1), static_cast<int64_t>(treated.size()));
  }
  std::ranges::stable_sort(nodes, {}, &LossyNode::cosine);
  return nodes;
}

size_t countToKeep(const std::vector<LossyNode>& nodes, double wanted) {
  double loss = 0;
  for (const LossyNode& node : nodes) loss += 1 - node.cosine;
  size_t count = 0;
  while (count < nodes.size() && loss > 1 - wanted) loss -= 1 - nodes[count++].cosine;
  return count;
}

}  // namespace quant
