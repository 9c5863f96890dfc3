#include "eval/verification.h"

#include <chrono>

namespace quant {

namespace {

/// Scores of classes: one row of more than one element.
bool isScores(const Tensor& tensor) {
  return tensor.type() == DataType::kFloat32 && tensor.rank() >= 1 && tensor.shape().back() == tensor.elementCount() &&
         tensor.elementCount() > 1;
}

int64_t best(const Tensor& scores) { return topK(scores.data<float>(), 1).front(); }

std::vector<std::string> floatNodes(const Graph& graph, Backend backend) {
  std::vector<std::string> names;
  const Executor executor(graph, {backend, {}, true});
  for (const Node* node : executor.lowered().nodes()) {
    const bool has_weights = weightsInput(*node) == 1 && !node->is("ConvInteger") && !node->is("MatMulInteger");
    if (has_weights) names.push_back(fmt::format("{} ({})", node->label(), node->opType()));
  }
  return names;
}

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

FloatOutputs runFloat(const Graph& graph, const Dataset& dataset, size_t count, const Progress& progress) {
  FloatOutputs result;
  result.samples.resize(count);
  runSamples(
      graph, Backend::kOneDnn, dataset, {0, count},
      [&](size_t index, const Sample&, std::vector<Tensor> outputs) { result.samples[index] = std::move(outputs); },
      progress);
  return result;
}

Verification verify(const FloatOutputs& expected, const Graph& quantized, Backend backend, const Dataset& dataset,
                    const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  Verification result{backend, expected.samples.size(), {}, {}, floatNodes(quantized, backend), 0};
  // Kept by index and summed in order: a sum must not depend on which sample was ready first.
  std::vector<std::vector<Tensor>> actual(expected.samples.size());
  result.macs = runSamples(
      quantized, backend, dataset, {0, actual.size()},
      [&](size_t index, const Sample&, std::vector<Tensor> outputs) { actual[index] = std::move(outputs); }, progress);

  const auto names = quantized.outputs();
  for (size_t i = 0; i < names.size(); ++i) {
    OutputAgreement output{names[i], {}, {}};
    int64_t scored = 0, same = 0;
    for (size_t sample = 0; sample < actual.size(); ++sample) {
      const Tensor& x = expected.samples[sample][i];
      const Tensor& y = actual[sample][i];
      if (x.type() != DataType::kFloat32) continue;
      output.agreement.add(x, y);
      if (!isScores(x)) continue;
      ++scored;
      same += best(x) == best(y) ? 1 : 0;
    }
    if (scored > 0) output.top1 = static_cast<double>(same) / static_cast<double>(scored);
    result.outputs.push_back(std::move(output));
  }
  result.seconds = secondsSince(start);
  return result;
}

}  // namespace quant
