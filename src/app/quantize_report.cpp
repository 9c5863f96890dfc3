#include "app/quantize_report.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/files.h"

namespace quant {

namespace {

/// "49 Conv, 10 Add, 1 Gemm": operators of the rows that `wanted` accepts, most frequent first.
template <class Wanted>
std::string countOps(const std::vector<NodePlacement>& nodes, Wanted wanted) {
  std::map<std::string, int> counts;
  for (const NodePlacement& row : nodes) {
    if (wanted(row)) ++counts[row.op_type];
  }
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater<>(), [](const auto& entry) { return entry.second; });
  std::vector<std::string> parts;
  for (const auto& [op, count] : sorted) parts.push_back(fmt::format("{} {}", count, op));
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

bool isInt8(const NodePlacement& row) {
  return row.treatment == Treatment::kInt8 || row.treatment == Treatment::kMoves ||
         row.treatment == Treatment::kDynamic;
}

bool isHalf(const NodePlacement& row) { return row.treatment == Treatment::kHalf; }

double share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string line(std::string_view title, const std::string& text) { return fmt::format("  {:<11}{}\n", title, text); }

std::string whereVerified(const Verification& verification, const QuantizeReport& report) {
  const double macs = static_cast<double>(verification.macs.total) * 1e-6;
  if (report.plan.half.type != DataType::kUndefined) {
    return fmt::format("{:.1f} M MACs on this CPU ({}), each result rounded to {}", macs, report.cpu.isa,
                       toString(report.plan.half.type));
  }
  if (!report.plan.stored.empty() && verification.macs.int8 == 0)
    return fmt::format("{:.1f} M MACs in float, on this CPU ({})", macs, report.cpu.isa);
  const std::string where = verification.backend == Backend::kReference
                                ? "int32 sums, no saturation"
                                : fmt::format("oneDNN on this CPU ({}{}), int8 sums exact", report.cpu.isa,
                                              report.cpu.has_vnni ? "" : ", no VNNI");
  return fmt::format("{:.1f} % of {:.1f} M MACs in int8; {}", share(verification.macs.int8, verification.macs.total),
                     macs, where);
}

/// "int8, uint4 in blocks of 32": how the plan's weights are stored.
std::string storageText(const QuantizationPlan& plan) {
  std::set<std::string> ways;
  for (const StoredWeights& stored : plan.stored) {
    const WeightStorage& storage = stored.storage;
    ways.insert(storage.block == 0 ? std::string(toString(storage.type))
                                   : fmt::format("{} in blocks of {}", toString(storage.type), storage.block));
  }
  return fmt::format("{}", fmt::join(ways, ", "));
}

std::string verificationText(const Verification& verification, const QuantizeReport& report) {
  std::string text;
  for (const OutputAgreement& output : verification.outputs) {
    text += line(verification.backend == Backend::kOneDnn ? "verified" : "exact",
                 fmt::format("'{}' on {} samples: {}", output.output, verification.samples, agreementText(output)));
  }
  return text + line("", whereVerified(verification, report));
}

/// "0-2, 7": rising numbers, neighbours joined.
std::string spans(const std::vector<ChangedChannel>& channels) {
  std::vector<std::string> parts;
  for (size_t begin = 0, end = 0; begin < channels.size(); begin = end) {
    const int64_t first = channels[begin].channel;
    while (end < channels.size() && channels[end].channel - first == static_cast<int64_t>(end - begin)) ++end;
    const int64_t last = channels[end - 1].channel;
    parts.push_back(first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// "x86: 80 of 128 channels with int8 weights changed against saturation, in 4 of 5 nodes".
std::string targetText(const QuantizationPlan& plan) {
  size_t changed = 0, nodes = 0;
  int64_t channels = 0;
  for (const auto& [output, weights] : plan.weights) {
    changed += weights.changed_channels.size();
    channels += weights.channels;
    nodes += weights.changed_channels.empty() ? 0 : 1;
  }
  const std::string_view name = rowOf(plan.target).name;
  if (changed == 0) return fmt::format("{}: all weights keep their full 8 bits", name);
  return fmt::format("{}: {} of {} output channels changed against saturation, in {} of {} nodes with weights", name,
                     changed, channels, nodes, plan.weights.size());
}

/// Which channels were changed so that no CPU saturates, in the order of the nodes; nothing when none was.
std::string changedChannelsText(const QuantizationPlan& plan) {
  std::string text;
  for (const NodePlacement& row : plan.nodes) {
    const auto found = plan.weights.find(row.output);
    if (found == plan.weights.end() || found->second.changed_channels.empty()) continue;
    const WeightPlan& weights = found->second;
    const float factor = std::ranges::max(weights.changed_channels, {}, &ChangedChannel::scale_factor).scale_factor;
    text += fmt::format("  {}: {} pairs in {} of {} channels ({}); scales up to {:.2f} times, {} pairs lowered\n",
                        row.label, weights.unsafePairs(), weights.changed_channels.size(), weights.channels,
                        spans(weights.changed_channels), factor, weights.loweredPairs());
  }
  if (text.empty()) return text;
  return fmt::format(
             "\ntarget {}: pairs of neighbouring weights above {}, whose products would saturate 16 bits on CPUs "
             "without VNNI\n",
             rowOf(plan.target).name, kMostPairSum) +
         text;
}

/// The int8 values with their numbers; nothing when there are none.
std::string valuesText(const QuantizationPlan& plan) {
  if (plan.activations.empty()) return "";
  std::string text = fmt::format("\n{:<14}{:<7}{:>5}{:>26}  {}\n", "scale", "type", "zero", "represents", "value");
  for (const auto& [value, params] : plan.activations) {
    const Range range = params.representable();
    text += fmt::format("{:<14.6g}{:<7}{:>5}{:>26}  {}{}\n", params.scale(), toString(params.storage()),
                        params.zeroPoint(), fmt::format("[{:.4g}, {:.4g}]", range.low, range.high), value,
                        plan.levels.contains(value) ? ", divided by its levels" : "");
  }
  return text;
}

}  // namespace

std::string agreementText(const OutputAgreement& output) {
  const Agreement& agreement = output.agreement;
  std::vector<std::string> parts;
  if (output.equal) parts.push_back(fmt::format("{:.1f} % of its integers are the same", 100 * *output.equal));
  if (agreement.elements() > 0) {
    const double sqnr = agreement.sqnr();
    parts.push_back(std::isinf(sqnr) ? "no error" : fmt::format("SQNR {:.1f} dB", sqnr));
    parts.push_back(fmt::format("cosine {:.5f}", agreement.cosine()));
  }
  if (output.top1) parts.push_back(fmt::format("same top-1 in {:.1f} %", 100 * *output.top1));
  if (agreement.otherShapes() > 0) {
    parts.push_back(fmt::format("another shape in {} of them, which are left out ({})", agreement.otherShapes(),
                                agreement.otherShape()));
  }
  return parts.empty() ? "not compared" : fmt::format("{}", fmt::join(parts, ", "));
}

std::string summaryText(const QuantizeReport& report) {
  std::string text = fmt::format("{} -> {}\n", report.model.string(), report.output.string());
  text += line("size",
               fmt::format("{} -> {} ({:.1f} %)", humanSize(report.model_bytes), humanSize(report.output_bytes),
                           share(static_cast<int64_t>(report.output_bytes), static_cast<int64_t>(report.model_bytes))));
  if (!report.calibration.method.empty())
    text += line("calibrated", fmt::format("{}: {} in {:.1f} s", report.calibration.method, report.calibration.source,
                                           report.calibration.seconds));
  if (!report.calibration.preprocess.empty()) text += line("pictures", report.calibration.preprocess);
  const auto has = [](Treatment treatment) {
    return [treatment](const NodePlacement& row) { return row.treatment == treatment; };
  };
  const bool is_half = report.plan.half.type != DataType::kUndefined;
  if (is_half) {
    text += line(toString(report.plan.half.type), countOps(report.plan.nodes, isHalf));
  } else if (report.plan.stored.empty() || std::ranges::any_of(report.plan.nodes, isInt8)) {
    text += line("int8", countOps(report.plan.nodes, isInt8));
  }
  if (!report.plan.stored.empty()) {
    text += line("weights", fmt::format("{} as {}", countOps(report.plan.nodes, has(Treatment::kWeights)),
                                        storageText(report.plan)));
  }
  text += line("float", countOps(report.plan.nodes, has(Treatment::kFloat)));
  if (!report.plan.weights.empty()) text += line("target", targetText(report.plan));
  for (const Verification& verification : report.verifications) text += verificationText(verification, report);
  if (report.calibration.method.empty() && !report.verified_with.empty()) text += line("", report.verified_with);
  if (!report.not_run.empty()) text += line("not run", report.not_run);
  if (!report.not_verified.empty()) text += line("verified", "no: " + report.not_verified);
  for (const auto& warning : report.plan.warnings) text += line("warning", warning);
  text += line("took", fmt::format("{:.1f} s, peak memory {}", report.total_seconds, humanSize(report.peak_memory)));
  return text;
}

std::string planText(const QuantizationPlan& plan) {
  size_t op_width = 0, name_width = 0;
  for (const NodePlacement& row : plan.nodes) {
    op_width = std::max(op_width, row.op_type.size());
    name_width = std::max(name_width, std::min<size_t>(row.label.size(), 48));
  }
  std::string text;
  for (const NodePlacement& row : plan.nodes) {
    text += fmt::format("{:<13}{:<{}}  {:<{}}  {}\n", toString(row.treatment), row.op_type, op_width, row.label,
                        name_width, row.reason);
  }
  text += valuesText(plan);
  text += changedChannelsText(plan);
  for (const auto& warning : plan.warnings) text += fmt::format("warning: {}\n", warning);
  return text;
}

}  // namespace quant
