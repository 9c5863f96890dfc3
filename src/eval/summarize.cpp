#include "eval/summarize.h"

#include <algorithm>
#include <map>

#include "core/error.h"
#include "core/workers.h"
#include "eval/statistics.h"

namespace quant {

namespace {

bool isTop1(const SampleInfo& sample, const SampleRun& run) { return sample.label == run.best.at(0); }

bool isTop5(const SampleInfo& sample, const SampleRun& run) {
  return std::ranges::find(run.best, *sample.label) != run.best.end();
}

std::string nameOf(int64_t label, const std::vector<std::string>& classes) {
  return label >= 0 && label < static_cast<int64_t>(classes.size()) ? classes[static_cast<size_t>(label)] : "";
}

double percent(int64_t count, size_t samples) {
  return samples == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(samples);
}

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

}  // namespace

AccuracyResult accuracyOf(const std::vector<SampleInfo>& samples, const ModelRun& run,
                          const std::vector<std::string>& classes) {
  AccuracyResult result;
  std::map<int64_t, ClassAccuracy> by_label;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!samples[i].label) continue;
    const bool is_right = isTop1(samples[i], run.samples[i]);
    ClassAccuracy& of_class = by_label[*samples[i].label];
    ++of_class.samples;
    of_class.top1 += is_right ? 1 : 0;
    ++result.samples;
    result.top1 += is_right ? 1 : 0;
    result.top5 += isTop5(samples[i], run.samples[i]) ? 1 : 0;
  }
  result.top1_interval = wilsonInterval(result.top1, result.samples);
  for (auto& [label, of_class] : by_label) {
    result.classes.push_back({label, nameOf(label, classes), of_class.samples, of_class.top1});
  }
  return result;
}

AccuracyDrop dropOf(const std::vector<SampleInfo>& samples, const ModelRun& baseline, const ModelRun& run) {
  AccuracyDrop drop;
  size_t labelled = 0;
  int64_t top5_lost = 0;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (!samples[i].label) continue;
    ++labelled;
    const bool before = isTop1(samples[i], baseline.samples[i]), after = isTop1(samples[i], run.samples[i]);
    drop.lost += before && !after ? 1 : 0;
    drop.gained += after && !before ? 1 : 0;
    top5_lost += isTop5(samples[i], baseline.samples[i]) ? 1 : 0;
    top5_lost -= isTop5(samples[i], run.samples[i]) ? 1 : 0;
  }
  drop.top1 = percent(drop.lost - drop.gained, labelled);
  drop.top5 = percent(top5_lost, labelled);
  drop.top1_interval = pairedInterval(drop.lost, drop.gained, static_cast<int64_t>(labelled));
  return drop;
}

double sameTop1(const ModelRun& a, const ModelRun& b) {
  int64_t same = 0;
  for (size_t i = 0; i < a.samples.size(); ++i) same += a.samples[i].best.at(0) == b.samples[i].best.at(0) ? 1 : 0;
  return percent(same, a.samples.size());
}

double cosineOf(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) {
    throwBadInput("the models' vectors differ in length: {} and {}", a.size(), b.size());
  }
  return dot(a, b);
}

std::vector<size_t> nearestNeighbours(const ModelRun& run, const Progress& progress) {
  const auto& samples = run.samples;
  std::vector<size_t> nearest(samples.size(), 0);
  const auto find = [&](size_t i) {
    double best = -2;  // below every cosine
    for (size_t j = 0; j < samples.size(); ++j) {
      if (j == i || samples[j].vector.size() != samples[i].vector.size()) continue;
      const double cosine = dot(samples[i].vector, samples[j].vector);
      if (cosine > best) {
        best = cosine;
        nearest[i] = j;
      }
    }
  };
  forEachIndex(samples.size(), {0, progress}, find);
  return nearest;
}

VectorAgreement vectorAgreement(const std::vector<SampleInfo>& samples, const ModelRun& baseline, const ModelRun& run,
                                const std::vector<size_t>& baseline_neighbours, const std::vector<size_t>& neighbours) {
  VectorAgreement result;
  result.of = run.vectors_of;
  result.cosine_min = 2;
  for (size_t i = 0; i < samples.size(); ++i) {
    const double cosine = cosineOf(baseline.samples[i].vector, run.samples[i].vector);
    result.cosine_mean += cosine / static_cast<double>(samples.size());
    if (cosine >= result.cosine_min) continue;
    result.cosine_min = cosine;
    result.worst_sample = samples[i].name;
  }
  if (neighbours.empty() || baseline_neighbours.empty() || samples.size() < 2) return result;
  int64_t same = 0;
  for (size_t i = 0; i < neighbours.size(); ++i) same += neighbours[i] == baseline_neighbours[i] ? 1 : 0;
  result.same_neighbour = percent(same, neighbours.size());
  result.same_neighbour_interval = wilsonInterval(same, static_cast<int64_t>(neighbours.size()));
  return result;
}

std::vector<OutputError> outputErrors(const ModelRun& run) {
  std::vector<OutputError> errors;
  for (size_t i = 0; i < run.outputs.size(); ++i) {
    Agreement sum;
    for (const SampleRun& sample : run.samples) sum.merge(sample.outputs.at(i));
    if (sum.elements() == 0 && sum.otherShapes() == 0) continue;  // of a type without numbers
    errors.push_back({run.outputs[i], sum.sqnr(), sum.cosine(), sum.maxError(), sum.meanError(), sum.newNonFinite(),
                      sum.otherShapes(), sum.otherShape()});
  }
  return errors;
}

}  // namespace quant
