#pragma once

#include <string>
#include <vector>

#include "eval/model_runs.h"

namespace quant {

/// CSV with a row for each model and sample, in the columns that the metric has:
///   kClasses  model,sample,label,prediction,score,top5          top5: classes, best first, with spaces between
///   kVectors  model,sample,cosine,nearest,baseline_nearest      without a baseline: model,sample,nearest
///   kError    model,sample,output,sqnr_db,cosine,max_error,mean_error
/// `neighbours` are nearestNeighbours of each model, or empty.
std::string predictionsCsv(Metric metric, const std::vector<std::string>& names, const ModelRuns& runs,
                           std::optional<size_t> baseline, const std::vector<std::vector<size_t>>& neighbours);

}  // namespace quant
