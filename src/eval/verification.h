#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/agreement.h"
#include "eval/samples.h"

namespace quant {

/// One output of a quantized model beside the same output of the float model.
struct OutputAgreement {
  std::string output;
  Agreement agreement;
  /// Share of samples whose largest element is at the same index; nothing for outputs that are no vector of scores.
  std::optional<double> top1;
  /// Share of equal elements of an output of integers, which is not in `agreement`: class 7 is not near class 8.
  std::optional<double> equal = {};
};

/// How near a quantized model is to the float model it was made from, on one backend.
struct Verification {
  Backend backend = Backend::kOneDnn;
  size_t samples = 0;
  std::vector<OutputAgreement> outputs;
  Macs macs;                             ///< of one sample
  std::vector<std::string> float_nodes;  ///< operators with weights that did not run on integers: "conv1 (Conv)"
  double seconds = 0;
};

/// Outputs of the float model over the first samples, kept to compare several runs of quantized models with.
struct FloatOutputs {
  std::vector<std::string> names;  ///< of the outputs
  std::vector<std::vector<Tensor>> samples;
};

FloatOutputs runFloat(const Graph& graph, const Dataset& dataset, size_t count, const Progress& progress = nullptr);

/// Throws (bad input) when an output differs in sizes that the model says are fixed. Samples where a size that depends
/// on them differs, such as the number of boxes found, are counted and left out.
Verification verify(const FloatOutputs& expected, const Graph& quantized, Backend backend, const Dataset& dataset,
                    const Progress& progress = nullptr);

}  // namespace quant
