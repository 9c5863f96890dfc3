#include "app/keep_float.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "app/resources.h"
#include "core/error.h"
#include "eval/comparison.h"
#include "onnx_io/load.h"

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

/// The first sample of a dataset.
class FirstSample final : public Dataset {
 public:
  explicit FirstSample(const Dataset& all) : all_(all) {}
  [[nodiscard]] size_t size() const override { return std::min<size_t>(all_.size(), 1); }
  [[nodiscard]] Sample load(size_t index) const override { return all_.load(index); }
  [[nodiscard]] DatasetKind kind() const override { return all_.kind(); }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return all_.classes(); }
  [[nodiscard]] std::string description() const override { return all_.description(); }
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const override { return all_.preprocess(); }

 private:
  const Dataset& all_;
};

using Rows = std::vector<const NodePlacement*>;

/// Rows in the order of the loss that the piece of the network they stand in adds, as one run of both models on one
/// sample shows it. In their own order where the models cannot be compared.
Rows byAddedLoss(const ModeRun& run, const Dataset& dataset, const Rows& rows) {
  std::map<std::string, size_t> places;
  for (const Node* node : run.graph.nodes()) {
    for (const std::string& value : node->proto().output()) places.emplace(value, places.size());
  }
  std::map<size_t, double> added;  // decibels, by the place of the value behind a piece
  try {
    const FirstSample one(dataset);
    const Graph quantized = run.runnableOf(load(run.report.output));
    const auto comparison = compareModels({"float", &run.runnable(), &one}, {"quantized", &quantized, &one});
    for (const ValueDifference& value : comparison.values) {
      const auto place = places.find(value.baseline.value);
      if (place != places.end() && value.added_sqnr) added.emplace(place->second, *value.added_sqnr);
    }
  } catch (const Error&) {
    return rows;
  }
  std::map<const NodePlacement*, double> decibels;
  for (const NodePlacement* row : rows) {
    const auto place = places.find(row->output);
    const auto piece = place == places.end() ? added.end() : added.lower_bound(place->second);
    decibels[row] = piece == added.end() ? std::numeric_limits<double>::infinity() : piece->second;
  }
  Rows sorted = rows;
  std::ranges::stable_sort(sorted, {}, [&](const NodePlacement* row) { return decibels.at(row); });
  return sorted;
}

/// Nodes whose measuring would take longer than this in all are not all measured.
constexpr double kMostSeconds = 20;
/// So many show how long one takes.
constexpr size_t kTimedNodes = 8;

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

LossSearch findLossyNodes(const ModeRun& run, const Dataset& dataset, const FloatOutputs& expected) {
  const FloatOutputs few = firstOf(expected);
  Rows treated;
  for (const NodePlacement& row : run.report.plan.nodes) {
    const bool computes = row.treatment != Treatment::kFloat && row.treatment != Treatment::kMoves &&
                          row.treatment != Treatment::kAbsorbed;
    if (computes) treated.push_back(&row);
  }
  const Progress progress = run.console.progress("looking for what loses most");
  const double least = kLeastShare * (1 - run.options.min_cosine);
  LossSearch search{{}, treated.size(), treated.size()};
  const Stopwatch watch;
  for (size_t i = 0; i < search.measured; ++i) {
    if (i == kTimedNodes && search.measured == search.candidates) {
      const double most = kTimedNodes * kMostSeconds / std::max(watch.seconds(), 1e-9);
      if (most < static_cast<double>(treated.size())) {
        treated = byAddedLoss(run, dataset, treated);
        search = {{}, std::max<size_t>(static_cast<size_t>(most), kTimedNodes), treated.size()};
        i = 0;
      }
    }
    const NodePlacement& row = *treated[i];
    const auto cosine = cosineAlone(run, row.output, dataset, few);
    if (cosine && 1 - *cosine > least) search.nodes.push_back({row.output, row.label, row.op_type, *cosine});
    if (progress) progress(static_cast<int64_t>(i + 1), static_cast<int64_t>(search.measured));
  }
  std::ranges::stable_sort(search.nodes, {}, &LossyNode::cosine);
  return search;
}

size_t countToKeep(const std::vector<LossyNode>& nodes, double wanted) {
  double loss = 0;
  for (const LossyNode& node : nodes) loss += 1 - node.cosine;
  size_t count = 0;
  while (count < nodes.size() && loss > 1 - wanted) loss -= 1 - nodes[count++].cosine;
  return count;
}

}  // namespace quant
