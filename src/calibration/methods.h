#pragma once

#include <span>
#include <string>
#include <string_view>

#include "calibration/statistics.h"
#include "core/data_type.h"
#include "core/range.h"

namespace quant {

struct MethodOptions {
  /// For `percentile`: how many percent of the elements the range holds. Above 0, at most 100.
  double percentile = 99.99;
  /// The range will be quantized to a grid that is symmetric around zero: the method looks at magnitudes.
  bool symmetric = false;
  /// What the values will be stored as; it says how many levels the grid has.
  DataType storage = DataType::kUInt8;
};

/// A way to choose the range that a quantized tensor represents, from what calibration saw of it.
///
/// Every method gives a range that holds zero and is not wider than zero and the values seen; without any value, or
/// with nothing but zeros, it is {0, 0}.
struct CalibrationMethod {
  std::string_view name;
  std::string_view description;  ///< one line, for --help
  bool needs_histogram;
  Range (*range)(const TensorStatistics& statistics, const MethodOptions& options);
};

/// minmax, percentile, kl, mse.
std::span<const CalibrationMethod> calibrationMethods();

/// Throws (bad input) with the names there are.
const CalibrationMethod& findCalibrationMethod(std::string_view name);

/// "kl, symmetric", "percentile 99.99": for reports and files.
std::string describe(const CalibrationMethod& method, const MethodOptions& options);

/// Smallest to largest finite value.
Range minMaxRange(const TensorStatistics& statistics, const MethodOptions& options);

/// The range that holds `percentile` percent of the elements, zeros included. Half of the rest is cut off at each end;
/// where all values have one sign, the whole rest at the one end that is not zero. With `symmetric`, that percentile of
/// the magnitudes. The end lies inside a bin as if the bin's values were spread evenly over it.
Range percentileRange(const TensorStatistics& statistics, const MethodOptions& options);

/// See kl.h.
Range klRange(const TensorStatistics& statistics, const MethodOptions& options);

/// See mse.h.
Range mseRange(const TensorStatistics& statistics, const MethodOptions& options);

}  // namespace quant
