#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eval/eval_report.h"
#include "eval/model_runs.h"

namespace quant {

/// What computes a value.
struct ValueSource {
  std::string value;
  std::string node;     ///< its name; empty for an input of the model
  std::string op_type;  ///< as it runs: "QLinearConv"
};

/// A value that both models compute, and how far they are apart.
struct ValueDifference {
  ValueSource baseline, other;
  std::string type;            ///< of the other model's elements: "uint8"
  std::vector<size_t> inputs;  ///< the values that it is computed from, by their index in the list
  double sqnr = 0, cosine = 0, max_error = 0;
  int64_t new_non_finite = 0;  ///< elements that are NaN or infinite only in the other model
  /// The decibels of what both models make of the same inputs: the loss that is added here.
  std::optional<double> added_sqnr;
};

/// Where two models of one network part.
struct ModelComparison {
  std::vector<ValueDifference> values;    ///< in the order in which the baseline computes them
  std::vector<std::string> inside_steps;  ///< values of the baseline that the other model computes inside of a step
  std::vector<std::string> other_shape;   ///< matched, but of another shape in the other model
  std::vector<std::string> no_reals;      ///< matched, but integers that stand for no real numbers
  std::vector<ValueSource> only_baseline, only_other;
  std::vector<OutputError> outputs;
  size_t samples = 0;
};

/// Runs both models on all samples and compares every value that they have in common. Throws (bad input) when they have
/// none.
ModelComparison compareModels(const Subject& baseline, const Subject& other, const Progress& progress = nullptr);

/// The least decibels among the values that `value` is computed from; infinite when these are equal, nothing when there
/// are none.
std::optional<double> arrivingSqnr(const ModelComparison& comparison, const ValueDifference& value);

/// The first value under `decibels`.
std::optional<size_t> firstBelow(const ModelComparison& comparison, double decibels);

/// The values that add most, largest loss first: only those that add something.
std::vector<size_t> largestAddedLosses(const ModelComparison& comparison, size_t most);

}  // namespace quant
