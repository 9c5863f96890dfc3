#pragma once

#include <map>
#include <optional>
#include <string>

#include "calibration/channel_means.h"
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

  /// With a `channel_axis`, the means of the channels along it as well.
  explicit TensorStatistics(Detail detail = Detail::kSummary, std::optional<int64_t> channel_axis = {});

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
  /// Only of tensors, not of spans, that were observed; nothing when they were not asked for.
  [[nodiscard]] const std::optional<ChannelMeans>& channelMeans() const { return channel_means_; }

  bool operator==(const TensorStatistics&) const = default;

 private:
  Summary summary_;
  std::optional<Histogram> histogram_;
  std::optional<ChannelMeans> channel_means_;
};

/// Statistics by value name.
using StatisticsTable = std::map<std::string, TensorStatistics>;

}  // namespace quant
