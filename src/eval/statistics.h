#pragma once

#include <cstdint>
#include <vector>

#include "eval/eval_report.h"

namespace quant {

/// The share `count / samples` with Wilson's 95 % score interval, in percent; 0..100 for no samples. Unlike the usual
/// p +- 1.96 sigma it holds near 0 and 100 % and for few samples.
Interval wilsonInterval(int64_t count, int64_t samples);

/// The 95 % interval of the difference between two paired shares (lost - gained) / samples, in percent: Tango's score
/// interval (Statistics in Medicine 17, 1998). `lost` samples count only for the first share, `gained` only for the
/// second. Zero lies outside exactly when McNemar's test rejects at 5 %. Needs no random numbers, and unlike a
/// bootstrap it does not shrink to nothing when the two never differ: 400 samples then still leave +-0.95 %.
Interval pairedInterval(int64_t lost, int64_t gained, int64_t samples);

/// The q-th quantile (0..1) of `values`, by the nearest rank; 0 for none.
double quantile(std::vector<double> values, double q);

}  // namespace quant
