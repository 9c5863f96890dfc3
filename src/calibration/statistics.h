#pragma once

#include <map>
#include <optional>
#include <string>

#include "calibration/histogram.h"
#include "calibration/summary.h"
#include "core/tensor.h"

namespace quant {

/// What calibration remembers of one value of the graph over all samples, in memory that does not grow with them.
///
/// Each worker keeps its own and `merge` joins them: the result is the same, bit for bit, for any order and grouping.
class TensorStatistics {
 public:
  enum class Detail {
    kSummary,    ///< counts, minimum and maximum
    kHistogram,  ///< a histogram as well
  };

  explicit TensorStatistics(Detail detail = Detail::kSummary);

  /// All elements, converted to float: an element that overflows there counts as not finite. Throws (internal) for
  /// types that are not real numbers.
  void observe(const Tensor& tensor);
  void observe(std::span<const float> values);
  /// Both must have been made with the same detail.
  void merge(const TensorStatistics& other);

  [[nodiscard]] const Summary& summary() const { return summary_; }
  /// Throws (internal) when it was not asked for.
  [[nodiscard]] const Histogram& histogram() const;
  [[nodiscard]] bool hasHistogram() const { return histogram_.has_value(); }

  bool operator==(const TensorStatistics&) const = default;

 private:
  Summary summary_;
  std::optional<Histogram> histogram_;
};

/// Statistics by value name.
using StatisticsTable = std::map<std::string, TensorStatistics>;

}  // namespace quant
