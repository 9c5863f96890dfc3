#pragma once

#include <vector>

#include "eval/samples.h"

namespace quant {

/// Times of single runs with all threads, in milliseconds.
struct Latency {
  double p50 = 0, p90 = 0, p99 = 0;
  int runs = 0;
  size_t buffer_bytes = 0;  ///< memory that intermediate values take
};

/// Times several models in turn, run by run, on some real samples, so that a machine whose speed drifts favours none.
/// Each model gets `warm_up` untimed runs first.
std::vector<Latency> measureLatency(const std::vector<const Graph*>& graphs, const Dataset& dataset, int runs,
                                    int warm_up = 3);

/// The q-th quantile (0..1) of `values`, by the nearest rank.
double quantile(std::vector<double> values, double q);

}  // namespace quant
