#include "app/gates.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.h"

namespace quant {

namespace {

enum class Quantity { kPlain, kPercent, kPoints, kDecibel, kTime, kSize };

/// What must have been measured.
enum class Need {
  kNothing,
  kBaseline,
  kLabels,
  kLabelledBaseline,
  kClasses,
  kVectors,
  kLatency,
  kLatencyBaseline,
  kLayers,
  kIsa
};

struct Subject {
  const ModelResult& model;
  const ModelResult* baseline;
  int batch;
};

using Value = std::optional<double>;

struct Row {
  std::string_view name;
  Quantity quantity;
  Need need;
  std::string_view summary;
  Value (*value)(const Subject&);
};

const BatchLatency* latencyOf(const ModelResult& model, int batch) {
  for (const BatchLatency& latency : model.latency) {
    if (batch == 0 || latency.batch == batch) return &latency;
  }
  return nullptr;
}

template <double BatchLatency::*member>
Value latencyValue(const Subject& subject) {
  const BatchLatency* latency = latencyOf(subject.model, subject.batch);
  return latency == nullptr ? std::nullopt : std::optional(latency->*member);
}

Value speedup(const Subject& subject) {
  const BatchLatency* latency = latencyOf(subject.model, subject.batch);
  const BatchLatency* expected = subject.baseline ? latencyOf(*subject.baseline, subject.batch) : nullptr;
  return latency && expected ? std::optional(expected->p50 / latency->p50) : std::nullopt;
}

template <class Part, class Get>
Value ofPart(const std::optional<Part>& part, Get get) {
  return part ? std::optional(static_cast<double>(get(*part))) : std::nullopt;
}

/// The worst of all outputs; nothing when there are none.
template <class Worse>
Value worstOutput(const Subject& subject, double OutputError::*member, Worse worse) {
  Value worst;
  for (const OutputError& output : subject.model.outputs) {
    const double value = output.*member;
    if (std::isnan(value)) return value;  // of samples that all differ in shape: no bound holds
    if (!worst || worse(value, *worst)) worst = value;
  }
  return worst;
}

Value newNonFinite(const Subject& subject) {
  double count = 0;
  for (const OutputError& output : subject.model.outputs) count += static_cast<double>(output.new_non_finite);
  return subject.model.outputs.empty() ? std::nullopt : std::optional(count);
}

Value worstLayer(const Subject& subject) {
  Value worst;
  for (const LayerResult& layer : subject.model.layers) {
    if (!layer.baseline_value.empty()) worst = std::min(worst.value_or(layer.sqnr), layer.sqnr);
  }
  return worst;
}

Value saturatedDrop(const Subject& subject) {
  if (!subject.model.isa || !subject.model.isa->accuracy || !subject.model.accuracy) return std::nullopt;
  return subject.model.accuracy->top1Percent() - subject.model.isa->accuracy->top1Percent();
}

double shareOf(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

Value ratio(double part, double whole) { return whole == 0 ? std::nullopt : std::optional(part / whole); }

const std::vector<Row>& rows() {
  using enum Quantity;
  static const std::vector<Row> kRows = {
      {"top1", kPercent, Need::kLabels, "share of samples whose label is the best score",
       [](const Subject& s) { return ofPart(s.model.accuracy, [](const auto& a) { return a.top1Percent(); }); }},
      {"top5", kPercent, Need::kLabels, "share of samples whose label is among the five best",
       [](const Subject& s) { return ofPart(s.model.accuracy, [](const auto& a) { return a.top5Percent(); }); }},
      {"top1_drop", kPoints, Need::kLabelledBaseline, "top-1 of the baseline minus that of the model",
       [](const Subject& s) { return ofPart(s.model.drop, [](const auto& d) { return d.top1; }); }},
      {"top1_drop_low", kPoints, Need::kLabelledBaseline, "lower end of its 95 % interval: the drop is at least that",
       [](const Subject& s) { return ofPart(s.model.drop, [](const auto& d) { return d.top1_interval.low; }); }},
      {"top1_drop_high", kPoints, Need::kLabelledBaseline, "upper end: a larger drop is excluded",
       [](const Subject& s) { return ofPart(s.model.drop, [](const auto& d) { return d.top1_interval.high; }); }},
      {"top5_drop", kPoints, Need::kLabelledBaseline, "top-5 of the baseline minus that of the model",
       [](const Subject& s) { return ofPart(s.model.drop, [](const auto& d) { return d.top5; }); }},
      {"same", kPercent, Need::kClasses, "share of samples with the same best class as the baseline",
       [](const Subject& s) { return s.model.same_top1; }},
      {"cosine_mean", kPlain, Need::kVectors, "mean cosine of the samples' vectors to the baseline's",
       [](const Subject& s) { return ofPart(s.model.vectors, [](const auto& v) { return v.cosine_mean; }); }},
      {"cosine_min", kPlain, Need::kVectors, "least cosine of a sample's vector to the baseline's",
       [](const Subject& s) { return ofPart(s.model.vectors, [](const auto& v) { return v.cosine_min; }); }},
      {"same_neighbour", kPercent, Need::kVectors, "share of samples whose nearest other sample is the same",
       [](const Subject& s) { return s.model.vectors ? s.model.vectors->same_neighbour : std::nullopt; }},
      {"cosine", kPlain, Need::kBaseline, "cosine of the worst output to the baseline's",
       [](const Subject& s) { return worstOutput(s, &OutputError::cosine, std::less<>()); }},
      {"sqnr", kDecibel, Need::kBaseline, "SQNR of the worst output",
       [](const Subject& s) { return worstOutput(s, &OutputError::sqnr, std::less<>()); }},
      {"max_error", kPlain, Need::kBaseline, "largest error of an output's element",
       [](const Subject& s) { return worstOutput(s, &OutputError::max_error, std::greater<>()); }},
      {"mean_error", kPlain, Need::kBaseline, "mean error of the worst output's elements",
       [](const Subject& s) { return worstOutput(s, &OutputError::mean_error, std::greater<>()); }},
      {"new_nan", kPlain, Need::kBaseline, "elements that are NaN or infinite where the baseline's are not",
       newNonFinite},
      {"p50", kTime, Need::kLatency, "median latency; p50@8 with batch size 8", latencyValue<&BatchLatency::p50>},
      {"p90", kTime, Need::kLatency, "90 % of the runs take no longer", latencyValue<&BatchLatency::p90>},
      {"p99", kTime, Need::kLatency, "99 % of the runs take no longer", latencyValue<&BatchLatency::p99>},
      {"throughput", kPlain, Need::kLatency, "samples a second", latencyValue<&BatchLatency::throughput>},
      {"speedup", kPlain, Need::kLatencyBaseline, "median latency of the baseline over that of the model", speedup},
      {"first_run", kTime, Need::kLatency, "compilation and the first run",
       [](const Subject& s) { return Value(s.model.first_run_ms); }},
      {"size", kSize, Need::kNothing, "bytes of the model's files",
       [](const Subject& s) { return Value(static_cast<double>(s.model.bytes)); }},
      {"size_ratio", kPlain, Need::kBaseline, "size over that of the baseline",
       [](const Subject& s) {
         return s.baseline ? ratio(static_cast<double>(s.model.bytes), static_cast<double>(s.baseline->bytes))
                           : std::nullopt;
       }},
      {"peak_memory", kSize, Need::kLatency, "largest memory of a process that loads and runs the model",
       [](const Subject& s) { return ofPart(s.model.peak_memory, [](uint64_t bytes) { return bytes; }); }},
      {"int8_macs", kPercent, Need::kNothing, "share of multiply-accumulates on 8-bit integers",
       [](const Subject& s) { return Value(shareOf(s.model.macs.int8, s.model.macs.total)); }},
      {"float16_macs", kPercent, Need::kNothing, "share of multiply-accumulates on 16-bit floats",
       [](const Subject& s) { return Value(shareOf(s.model.macs.float16, s.model.macs.total)); }},
      {"layer_sqnr", kDecibel, Need::kLayers, "SQNR of the worst layer", worstLayer},
      {"saturation_drop", kPoints, Need::kIsa, "top-1 lost in other programs on CPUs without VNNI", saturatedDrop},
  };
  return kRows;
}

struct Unit {
  std::string_view name;
  Quantity quantity;
  double factor;  // of the report's own unit
};

/// The first of each quantity is the report's own, and the one that a number without unit is in - but for sizes.
constexpr std::array kUnits = {
    Unit{"%", Quantity::kPercent, 1},      Unit{"points", Quantity::kPoints, 1},  Unit{"%", Quantity::kPoints, 1},
    Unit{"dB", Quantity::kDecibel, 1},     Unit{"ms", Quantity::kTime, 1},        Unit{"us", Quantity::kTime, 1e-3},
    Unit{"s", Quantity::kTime, 1e3},       Unit{"B", Quantity::kSize, 1},         Unit{"kB", Quantity::kSize, 1e3},
    Unit{"MB", Quantity::kSize, 1e6},      Unit{"GB", Quantity::kSize, 1e9},      Unit{"KiB", Quantity::kSize, 1024},
    Unit{"MiB", Quantity::kSize, 1 << 20}, Unit{"GiB", Quantity::kSize, 1 << 30},
};

std::string trimmed(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

const Row& rowNamed(const std::string& name, const std::string& text) {
  const auto found = std::ranges::find(rows(), name, &Row::name);
  if (found != rows().end()) return *found;
  std::vector<std::string_view> names;
  for (const Row& row : rows()) names.push_back(row.name);
  throwBadInput("--fail-if '{}': there is nothing called '{}'; the names are {}", text, name, fmt::join(names, ", "));
}

void setUnit(Gate& gate, const Row& row, const std::string& unit) {
  std::vector<std::string_view> names;
  for (const Unit& known : kUnits) {
    if (known.quantity != row.quantity) continue;
    names.push_back(known.name);
    const bool is_usual = unit.empty() && names.size() == 1 && row.quantity != Quantity::kSize;
    if (known.name != unit && !is_usual) continue;
    gate.unit = known.name;
    gate.factor = known.factor;
    return;
  }
  if (names.empty() && unit.empty()) return;
  if (names.empty()) throwBadInput("--fail-if '{}': '{}' has no unit", gate.text, row.name);
  throwBadInput("--fail-if '{}': '{}' wants one of the units {}", gate.text, row.name, fmt::join(names, ", "));
}

int batchOf(const std::string& number, const std::string& text, const Row& row) {
  const bool is_timed = row.need == Need::kLatency || row.need == Need::kLatencyBaseline;
  int batch = 0;
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), batch);
  if (!is_timed || failure != std::errc() || end != number.data() + number.size() || batch < 1) {
    throwBadInput("--fail-if '{}': a batch size as in p50@8 is a whole number behind the name of a time", text);
  }
  return batch;
}

std::optional<std::string> missingFor(Need need, const Measured& measured) {
  const bool latency = !measured.batch_sizes.empty();
  const std::string baseline = "a baseline: two models, or --baseline";
  switch (need) {
    case Need::kNothing: return {};
    case Need::kBaseline:
      if (!measured.baseline) return baseline;
      return {};
    case Need::kLabelledBaseline:
      if (!measured.baseline) return baseline;
      [[fallthrough]];
    case Need::kLabels:
      if (measured.metric != Metric::kClasses) return "--metric classes";
      if (!measured.labels) return "labels: class folders, or --labels";
      return {};
    case Need::kClasses:
      if (!measured.baseline) return baseline;
      if (measured.metric != Metric::kClasses) return "--metric classes";
      return {};
    case Need::kVectors:
      if (!measured.baseline) return baseline;
      if (measured.metric != Metric::kVectors) return "--metric vectors";
      return {};
    case Need::kLatencyBaseline:
      if (!measured.baseline) return baseline;
      [[fallthrough]];
    case Need::kLatency:
      if (!latency) return "--latency-runs above 0";
      return {};
    case Need::kLayers:
      if (!measured.baseline) return baseline;
      if (!measured.layers) return "--layers";
      return {};
    case Need::kIsa:
      if (!measured.isa_effects) return "--isa-effects";
      if (!measured.labels) return "labels: class folders, or --labels";
      return {};
  }
  return {};
}

bool holds(double value, Gate::Comparison comparison, double limit) {
  switch (comparison) {
    case Gate::Comparison::kGreater: return value > limit;
    case Gate::Comparison::kGreaterEqual: return value >= limit;
    case Gate::Comparison::kLess: return value < limit;
    case Gate::Comparison::kLessEqual: return value <= limit;
  }
  return false;
}

GateResult judgeModel(const Gate& gate, const ModelResult& model, const ModelResult* baseline) {
  const auto value = rowNamed(gate.name, gate.text).value({model, baseline, gate.batch});
  if (!value) throwBadInput("--fail-if '{}': '{}' could not be measured for '{}'", gate.text, gate.name, model.name);
  const double shown = *value / gate.factor;
  return {gate.text, model.name, shown, gate.unit, std::isnan(shown) || holds(shown, gate.comparison, gate.limit)};
}

}  // namespace

std::vector<GateName> gateNames() {
  std::vector<GateName> names;
  for (const Row& row : rows()) names.push_back({row.name, row.summary});
  return names;
}

Gate parseGate(const std::string& text) {
  const size_t sign = text.find_first_of("<>");
  if (sign == std::string::npos) {
    throwBadInput("--fail-if '{}' is no condition; write NAME > NUMBER or NAME < NUMBER, as \"top1_drop > 1.0\"", text);
  }
  Gate gate;
  gate.text = text;
  gate.name = trimmed(text.substr(0, sign));
  const size_t at = gate.name.find('@');
  const std::string batch = at == std::string::npos ? "" : gate.name.substr(at + 1);
  gate.name.resize(std::min(at, gate.name.size()));
  const Row& row = rowNamed(gate.name, text);
  if (at != std::string::npos) gate.batch = batchOf(batch, text, row);
  const bool or_equal = sign + 1 < text.size() && text[sign + 1] == '=';
  const bool greater = text[sign] == '>';
  using enum Gate::Comparison;
  gate.comparison = greater ? (or_equal ? kGreaterEqual : kGreater) : (or_equal ? kLessEqual : kLess);
  const std::string number = trimmed(text.substr(sign + (or_equal ? 2 : 1)));
  const char* first = number.data() + (number.starts_with('+') ? 1 : 0);
  const auto [end, failure] = std::from_chars(first, number.data() + number.size(), gate.limit);
  if (failure != std::errc() || !std::isfinite(gate.limit)) {
    throwBadInput("--fail-if '{}': '{}' is no number", text, number);
  }
  setUnit(gate, row, trimmed(std::string(end, number.data() + number.size())));
  return gate;
}

void requireMeasured(const Gate& gate, const Measured& measured) {
  if (const auto missing = missingFor(rowNamed(gate.name, gate.text).need, measured)) {
    throwBadInput("--fail-if '{}': '{}' needs {}", gate.text, gate.name, *missing);
  }
  if (gate.batch != 0 && std::ranges::find(measured.batch_sizes, gate.batch) == measured.batch_sizes.end()) {
    throwBadInput("--fail-if '{}': batch size {} is not among --batch-sizes {}", gate.text, gate.batch,
                  fmt::join(measured.batch_sizes, ","));
  }
}

std::vector<GateResult> judge(const std::vector<Gate>& gates, const EvalReport& report) {
  const ModelResult* baseline = report.baseline ? &report.models[*report.baseline] : nullptr;
  std::vector<GateResult> results;
  for (const Gate& gate : gates) {
    for (const ModelResult& model : report.models) {
      if (&model != baseline) results.push_back(judgeModel(gate, model, baseline));
    }
  }
  return results;
}

}  // namespace quant
