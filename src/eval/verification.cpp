#include "eval/verification.h"

#include <algorithm>
#include <chrono>

#include "eval/as_float.h"
#include "eval/output_choice.h"

namespace quant {

namespace {

/// Scores of classes: one row of more than one element.
bool isScores(const Tensor& tensor) {
  return tensor.type() == DataType::kFloat32 && tensor.rank() >= 1 && tensor.shape().back() == tensor.elementCount() &&
         tensor.elementCount() > 1;
}

int64_t best(const Tensor& scores) { return topK(scores.data<float>(), 1).front(); }

bool isInteger(DataType type) { return type == DataType::kBool || (!isFloatingPoint(type) && elementSize(type) > 0); }

/// Floats of any width that asFloat() takes.
bool isReal(DataType type) {
  return type == DataType::kFloat16 || type == DataType::kBFloat16 || type == DataType::kFloat32 ||
         type == DataType::kFloat64;
}

using Outputs = std::vector<Tensor>;

/// Output `index` of `graph` over all samples; it stands at `place` among what is expected.
OutputAgreement compareOutput(const Graph& graph, size_t index, size_t place, const std::vector<Outputs>& expected,
                              const std::vector<Outputs>& actual) {
  OutputAgreement output{graph.outputs()[index], {}, {}};
  const auto declared = graph.valueType(output.output);
  Agreement integers;
  const bool may_be_scores = whyNoScores(graph, index).empty();
  int64_t scored = 0, same = 0;
  for (size_t sample = 0; sample < actual.size(); ++sample) {
    const Tensor &x = expected[sample][place], &y = actual[sample][index];
    const bool is_integer = isInteger(x.type()) && isInteger(y.type());
    if (!is_integer && !(isReal(x.type()) && isReal(y.type()))) continue;
    if (x.shape() != y.shape() && mayDiffer(declared, x.shape(), y.shape())) {
      output.agreement.addOtherShape(x.shape(), y.shape());
      continue;
    }
    const Tensor wanted = *asFloat(x), given = *asFloat(y);
    (is_integer ? integers : output.agreement).add(wanted, given);
    if (is_integer || !may_be_scores || !isScores(wanted)) continue;
    ++scored;
    same += best(wanted) == best(given) ? 1 : 0;
  }
  if (scored > 0) output.top1 = static_cast<double>(same) / static_cast<double>(scored);
  if (integers.elements() > 0) output.equal = integers.equalShare();
  return output;
}

std::vector<std::string> floatNodes(const Graph& graph, Backend backend) {
  std::vector<std::string> names;
  const Executor executor(graph, {backend, {}, true});
  for (const Node* node : executor.lowered().nodes()) {
    if (multipliesFloats(*node)) names.push_back(fmt::format("{} ({})", node->label(), node->opType()));
  }
  return names;
}

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

FloatOutputs runFloat(const Graph& graph, const Dataset& dataset, size_t count, const Progress& progress) {
  FloatOutputs result{graph.outputs(), {}};
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
    const auto same = std::ranges::find(expected.names, names[i]);
    if (same == expected.names.end()) continue;
    const auto place = static_cast<size_t>(same - expected.names.begin());
    result.outputs.push_back(compareOutput(quantized, i, place, expected.samples, actual));
  }
  result.seconds = secondsSince(start);
  return result;
}

}  // namespace quant
