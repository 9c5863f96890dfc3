#include "eval/accuracy.h"

#include <algorithm>

#include "core/error.h"
#include "eval/agreement.h"

namespace quant {

double samePercent(const Accuracy& a, const Accuracy& b) {
  int64_t same = 0;
  for (size_t i = 0; i < a.predictions.size(); ++i) same += a.predictions[i] == b.predictions[i] ? 1 : 0;
  return 100.0 * static_cast<double>(same) / static_cast<double>(std::max<size_t>(a.predictions.size(), 1));
}

Accuracy measureAccuracy(const Graph& graph, Backend backend, const Dataset& dataset, const Progress& progress) {
  Accuracy result;
  result.predictions.assign(dataset.size(), -1);
  const SampleVisitor count = [&](size_t index, const Sample& sample, const std::vector<Tensor>& outputs) {
    const auto scores = outputs.at(0).data<float>();
    const auto best = topK(scores, 5);
    result.predictions[index] = best.at(0);
    if (!sample.label) return;
    if (*sample.label >= static_cast<int64_t>(scores.size())) {
      throwBadInput("sample '{}' has label {}, but the model's output has only {} classes", sample.name, *sample.label,
                    scores.size());
    }
    ++result.samples;
    result.top1 += best.front() == *sample.label ? 1 : 0;
    result.top5 += std::ranges::find(best, *sample.label) != best.end() ? 1 : 0;
  };
  runSamples(graph, backend, dataset, dataset.size(), count, progress);
  return result;
}

}  // namespace quant
