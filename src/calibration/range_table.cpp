#include "calibration/range_table.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "core/workers.h"

namespace quant {

namespace {

// Numbers are float, not double: written with the fewest digits that give the same float again.
using Json = nlohmann::basic_json<std::map, std::vector, std::string, bool, int64_t, uint64_t, float>;

constexpr std::string_view kFormat = "quantize-ranges";
constexpr int64_t kVersion = 1;

std::string hexadecimal(uint64_t hash) { return fmt::format("{:016x}", hash); }

RangeEntry makeEntry(const TensorStatistics& seen, Range range) {
  const Summary& summary = seen.summary();
  RangeEntry entry{range, 0, 0, summary.elements, summary.non_finite};
  if (summary.finite() > 0) {
    entry.min = summary.min;
    entry.max = summary.max;
  }
  if (const auto& means = seen.channelMeans()) {
    entry.channel_axis = means->axis();
    entry.channel_means = means->means();
  }
  return entry;
}

/// Reads keys of one object; every error says where the object stands.
class ObjectReader {
 public:
  ObjectReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) throwBadInput("{} is not a JSON object", where_);
  }

  [[nodiscard]] const Json& at(const char* key) const {
    const auto found = object_.find(key);
    if (found == object_.end()) throwBadInput("{} has no '{}'", where_, key);
    return *found;
  }
  [[nodiscard]] float number(const char* key) const {
    const Json& value = at(key);
    if (!value.is_number()) throwBadInput("{}: '{}' is {}, not a number", where_, key, value.dump());
    const auto number = value.get<float>();
    if (!std::isfinite(number)) throwBadInput("{}: '{}' is {}, too large for a float", where_, key, value.dump());
    return number;
  }
  [[nodiscard]] int64_t count(const char* key) const {
    const Json& value = at(key);
    const bool fits = value.is_number_integer() && value.get<int64_t>() >= 0;
    if (!fits) throwBadInput("{}: '{}' is {}, not a count", where_, key, value.dump());
    return value.get<int64_t>();
  }
  [[nodiscard]] bool has(const char* key) const { return object_.contains(key); }
  [[nodiscard]] int64_t integer(const char* key) const {
    const Json& value = at(key);
    if (!value.is_number_integer()) throwBadInput("{}: '{}' is {}, not an integer", where_, key, value.dump());
    return value.get<int64_t>();
  }
  [[nodiscard]] std::vector<float> numbers(const char* key) const {
    const Json& list = at(key);
    if (!list.is_array()) throwBadInput("{}: '{}' is not a list of numbers", where_, key);
    std::vector<float> numbers;
    for (const Json& value : list) {
      if (!value.is_number() || !std::isfinite(value.get<float>())) {
        throwBadInput("{}: '{}' holds {}, which is no finite float", where_, key, value.dump());
      }
      numbers.push_back(value.get<float>());
    }
    return numbers;
  }
  [[nodiscard]] std::string text(const char* key) const {
    const Json& value = at(key);
    if (!value.is_string()) throwBadInput("{}: '{}' is {}, not a text", where_, key, value.dump());
    return value.get<std::string>();
  }

 private:
  const Json& object_;
  std::string where_;
};

Json toJson(const RangeEntry& entry) {
  Json json = {{"low", entry.range.low}, {"high", entry.range.high},   {"min", entry.min},
               {"max", entry.max},       {"elements", entry.elements}, {"non_finite", entry.non_finite}};
  if (!entry.levels.empty()) json["levels"] = entry.levels;
  if (entry.channel_means.empty()) return json;
  json["channel_axis"] = entry.channel_axis;
  json["channel_means"] = entry.channel_means;
  return json;
}

RangeEntry readEntry(const Json& json, const std::string& where) {
  const ObjectReader reader(json, where);
  RangeEntry entry{{reader.number("low"), reader.number("high")},
                   reader.number("min"),
                   reader.number("max"),
                   reader.count("elements"),
                   reader.count("non_finite")};
  if (reader.has("channel_means")) {
    entry.channel_axis = reader.integer("channel_axis");
    entry.channel_means = reader.numbers("channel_means");
  }
  if (reader.has("levels")) {
    entry.levels = reader.numbers("levels");
    if (!std::ranges::all_of(entry.levels, [](float level) { return level > 0 && std::isfinite(1 / level); })) {
      throwBadInput("{}: 'levels' must be numbers to divide by, above 0", where);
    }
  }
  if (entry.range.low > entry.range.high) {
    throwBadInput("{}: 'low' is {}, above 'high', which is {}", where, entry.range.low, entry.range.high);
  }
  return entry;
}

Json parse(std::string_view text, const std::string& source) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throwBadInput("'{}' is not valid JSON: {}", source, error.what());
  }
}

void requireFormat(const ObjectReader& reader, const std::string& source) {
  if (const std::string format = reader.text("format"); format != kFormat) {
    throwBadInput("'{}' is a file of format '{}', not '{}'", source, format, kFormat);
  }
  if (const int64_t version = reader.count("version"); version != kVersion) {
    throwBadInput("'{}' has version {}; this program reads version {}: calibrate again", source, version, kVersion);
  }
}

}  // namespace

std::optional<Range> RangeTable::find(const std::string& value) const {
  const auto found = values.find(value);
  return found == values.end() ? std::nullopt : std::optional(found->second.range);
}

RangeTable makeRangeTable(const StatisticsTable& statistics, const CalibrationMethod& method,
                          const MethodOptions& options, uint64_t model_hash) {
  std::vector<const TensorStatistics*> inputs;
  for (const auto& [value, seen] : statistics) inputs.push_back(&seen);
  std::vector<Range> ranges(inputs.size());
  forEachIndex(ranges.size(), {}, [&](size_t i) { ranges[i] = method.range(*inputs[i], options); });

  RangeTable table{describe(method, options), model_hash, {}};
  size_t i = 0;
  for (const auto& [value, seen] : statistics) table.values.emplace(value, makeEntry(seen, ranges[i++]));
  return table;
}

std::string toJson(const RangeTable& table) {
  Json values = Json::object();
  for (const auto& [value, entry] : table.values) values[value] = toJson(entry);
  const Json json = {{"format", kFormat},
                     {"version", kVersion},
                     {"model_hash", hexadecimal(table.model_hash)},
                     {"method", table.method},
                     {"values", std::move(values)}};
  try {
    return json.dump(2) + "\n";
  } catch (const Json::exception& error) {
    throwBadInput("the ranges cannot be written as JSON; is a value's name not UTF-8? {}", error.what());
  }
}

RangeTable parseRangeTable(std::string_view text, uint64_t model_hash, const std::string& source) {
  const Json json = parse(text, source);
  const ObjectReader reader(json, fmt::format("'{}'", source));
  requireFormat(reader, source);
  if (const std::string hash = reader.text("model_hash"); hash != hexadecimal(model_hash)) {
    throwBadInput("'{}' holds the ranges of another model (its hash is {}, that of this model is {}): calibrate again",
                  source, hash, hexadecimal(model_hash));
  }
  RangeTable table{reader.text("method"), model_hash, {}};
  const Json& values = reader.at("values");
  if (!values.is_object()) throwBadInput("'{}': 'values' is not a JSON object", source);
  for (const auto& [value, entry] : values.items()) {
    table.values.emplace(value, readEntry(entry, fmt::format("'{}': value '{}'", source, value)));
  }
  return table;
}

void saveRangeTable(const RangeTable& table, const std::filesystem::path& path) { writeFile(path, toJson(table)); }

RangeTable loadRangeTable(const std::filesystem::path& path, uint64_t model_hash) {
  return parseRangeTable(readFile(path), model_hash, path.string());
}

}  // namespace quant
