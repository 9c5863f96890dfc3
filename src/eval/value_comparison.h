#pragma once

#include <set>
#include <string>
#include <vector>

#include "eval/model_runs.h"
#include "eval/value_matching.h"

namespace quant {

struct ValueComparisonOptions {
  size_t samples = 16;
  bool separately = false;  ///< also measure `ComparedValue::added`
  Progress progress;
};

/// A value that two models compute, and how near they are.
struct ComparedValue {
  MatchedValue match;
  DataType type = DataType::kUndefined;  ///< of the other model's elements
  bool same_shape = false;               ///< as the first sample shows it
  Agreement agreement;                   ///< as the models run; no elements when shapes differ or there are no reals
  /// Of what each model makes of the same exact inputs: the baseline's values, as the other model stores them. So it
  /// holds the loss that this piece of the network adds, and nothing of what arrives at it.
  Agreement added;
};

/// Names of all results of `graph`'s nodes.
std::set<std::string> resultsOf(const Graph& graph);

/// Runs both models on the first samples. `lowered` is the subject's graph as it runs, and holds the matched values.
std::vector<ComparedValue> compareValues(const Subject& baseline, const Subject& subject, const Graph& lowered,
                                         std::vector<MatchedValue> matches, const ValueComparisonOptions& options);

}  // namespace quant
