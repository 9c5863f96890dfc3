#pragma once

#include <string>
#include <vector>

#include "eval/model_runs.h"

namespace quant {

/// What a model gets right of the samples that have a label. `classes` names the labels, or is empty.
AccuracyResult accuracyOf(const std::vector<SampleInfo>& samples, const ModelRun& run,
                          const std::vector<std::string>& classes);

/// What `run` loses against `baseline`, sample by sample.
AccuracyDrop dropOf(const std::vector<SampleInfo>& samples, const ModelRun& baseline, const ModelRun& run);

/// How often two models name the same class, in percent of the samples.
double sameTop1(const ModelRun& a, const ModelRun& b);

/// For each sample the other one whose vector is nearest (largest cosine); of equally near ones the first.
std::vector<size_t> nearestNeighbours(const ModelRun& run, const Progress& progress = nullptr);

/// Neighbours take time that grows with the square of the samples; of more than this many they are not looked for.
inline constexpr size_t kMostNeighbours = 10000;

/// How near the vectors are, and their neighbours where these are given (by nearestNeighbours, else empty).
VectorAgreement vectorAgreement(const std::vector<SampleInfo>& samples, const ModelRun& baseline, const ModelRun& run,
                                const std::vector<size_t>& baseline_neighbours, const std::vector<size_t>& neighbours);

/// The cosine of two vectors of length 1.
double cosineOf(const std::vector<float>& a, const std::vector<float>& b);

/// Each output over all samples. Summed in the order of the samples.
std::vector<OutputError> outputErrors(const ModelRun& run);

}  // namespace quant
