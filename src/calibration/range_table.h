#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "calibration/methods.h"
#include "calibration/statistics.h"
#include "core/range.h"

namespace quant {

/// What calibration found for one value of the graph.
struct RangeEntry {
  Range range;  ///< what the quantized tensor will have to represent
  float min = 0;
  float max = 0;  ///< the smallest and the largest finite element; 0 where there was none
  int64_t elements = 0;
  int64_t non_finite = 0;
  int64_t channel_axis = 0;
  std::vector<float> channel_means = {};  ///< along `channel_axis`; empty where they were not gathered
  /// What the channels along the last axis are divided by before all of the above is seen of them, and before they are
  /// quantized; empty where they stay as they are.
  std::vector<float> levels = {};
  bool operator==(const RangeEntry&) const = default;
};

/// The outcome of a calibration run: pure data, and a file, so that the run is done once for a model.
struct RangeTable {
  std::string method;       ///< as `describe` says it
  uint64_t model_hash = 0;  ///< of the model that was run
  std::map<std::string, RangeEntry> values;

  /// Nothing when `value` was not watched.
  [[nodiscard]] std::optional<Range> find(const std::string& value) const;
  bool operator==(const RangeTable&) const = default;
};

/// Applies `method` to every value; on all cores, the searches are the long part.
RangeTable makeRangeTable(const StatisticsTable& statistics, const CalibrationMethod& method,
                          const MethodOptions& options, uint64_t model_hash);

/// JSON whose numbers give the same floats, bit for bit, when they are read again.
std::string toJson(const RangeTable& table);
/// `source` names the text in errors. Throws (bad input) when the text is not what `toJson` writes, holds a range that
/// is no range, or belongs to a model of another hash.
RangeTable parseRangeTable(std::string_view json, uint64_t model_hash, const std::string& source);

void saveRangeTable(const RangeTable& table, const std::filesystem::path& path);
/// Throws (bad input) also when the file cannot be read.
RangeTable loadRangeTable(const std::filesystem::path& path, uint64_t model_hash);

}  // namespace quant
