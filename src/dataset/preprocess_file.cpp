#include "dataset/preprocess_file.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/error.h"
#include "core/files.h"

namespace quant {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kMaxSide = 1 << 16;

template <class Enum>
struct Named {
  std::string_view name;
  Enum value;
};
template <class Enum>
Named(const char*, Enum) -> Named<Enum>;

constexpr std::array kInterpolations = {Named{"bilinear", Interpolation::kBilinear},
                                        Named{"bicubic", Interpolation::kBicubic}};
constexpr std::array kColors = {Named{"auto", Color::kAuto}, Named{"rgb", Color::kRgb}, Named{"bgr", Color::kBgr},
                                Named{"gray", Color::kGray}};
constexpr std::array kLayouts = {Named{"auto", PixelLayout::kAuto}, Named{"nchw", PixelLayout::kNchw},
                                 Named{"nhwc", PixelLayout::kNhwc}};

/// The value of the row with that name.
template <class Table>
auto findNamed(const Table& table, const Json& json) {
  using Value = decltype(table.front().value);
  for (const auto& row : table) {
    if (json == row.name) return std::optional<Value>(row.value);
  }
  return std::optional<Value>();
}

template <class Table, class Value>
std::string nameOf(const Table& table, Value value) {
  const auto found = std::ranges::find_if(table, [&](const auto& row) { return row.value == value; });
  return std::string(found->name);
}

/// All of `text` as a number.
template <class T>
std::optional<T> parseNumber(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> parseSide(std::string_view text) {
  const auto side = parseNumber<int>(text);
  return side && *side > 0 && *side <= kMaxSide ? side : std::nullopt;
}

/// "320x240", or "224" for a square.
std::optional<ImageSize> parseSize(std::string_view text) {
  const size_t cross = text.find('x');
  const auto width = parseSide(text.substr(0, cross));
  const auto height = cross == std::string_view::npos ? width : parseSide(text.substr(cross + 1));
  if (!width || !height) return std::nullopt;
  return ImageSize{*width, *height};
}

/// A string as it is, a whole number as its digits: 224 and "224" mean the same.
std::optional<std::string> textOf(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  if (json.is_number_integer()) return json.dump();
  return std::nullopt;
}

std::optional<ResizeRule> parseResize(const Json& json) {
  constexpr std::string_view kFraction = "crop/";
  const auto text = textOf(json);
  if (!text) return std::nullopt;
  if (*text == "auto") return ResizeRule{};
  if (*text == "none") return ResizeRule{.mode = ResizeMode::kNone};
  if (text->starts_with(kFraction)) {
    const auto fraction = parseNumber<double>(std::string_view(*text).substr(kFraction.size()));
    if (!fraction || !(*fraction > 0.01 && *fraction <= 1)) return std::nullopt;
    return ResizeRule{.mode = ResizeMode::kCropFraction, .crop_fraction = *fraction};
  }
  if (const auto side = parseSide(*text)) return ResizeRule{.mode = ResizeMode::kShortSide, .short_side = *side};
  if (const auto size = parseSize(*text)) return ResizeRule{.mode = ResizeMode::kExact, .size = *size};
  return std::nullopt;
}

Json jsonOf(ImageSize size) { return fmt::format("{}x{}", size.width, size.height); }

Json jsonOf(const ResizeRule& rule) {
  switch (rule.mode) {
    case ResizeMode::kAuto: return "auto";
    case ResizeMode::kNone: return "none";
    case ResizeMode::kShortSide: return rule.short_side;
    case ResizeMode::kExact: return jsonOf(rule.size);
    case ResizeMode::kCropFraction: return fmt::format("crop/{}", rule.crop_fraction);
  }
  return {};
}

std::optional<CropRule> parseCrop(const Json& json) {
  const auto text = textOf(json);
  if (!text) return std::nullopt;
  if (*text == "auto") return CropRule{};
  if (*text == "none") return CropRule{CropMode::kNone, {}};
  if (const auto size = parseSize(*text)) return CropRule{CropMode::kCenter, *size};
  return std::nullopt;
}

Json jsonOf(const CropRule& rule) {
  switch (rule.mode) {
    case CropMode::kAuto: return "auto";
    case CropMode::kNone: return "none";
    case CropMode::kCenter: return jsonOf(rule.size);
  }
  return {};
}

/// A number, or the text "1/255".
std::optional<double> parseReal(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (!json.is_string()) return std::nullopt;
  const auto text = json.get<std::string>();
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return parseNumber<double>(text);
  const auto above = parseNumber<double>(std::string_view(text).substr(0, slash));
  const auto below = parseNumber<double>(std::string_view(text).substr(slash + 1));
  if (!above || !below || *below == 0) return std::nullopt;
  return *above / *below;
}

std::optional<double> parseScale(const Json& json) {
  const auto scale = parseReal(json);
  return scale && std::isfinite(*scale) && *scale != 0 ? scale : std::nullopt;
}

/// A number, a list of numbers, or the text "0.485,0.456,0.406".
std::optional<std::vector<double>> parseReals(const Json& json) {
  if (json.is_string()) {
    const Json list = Json::parse(fmt::format("[{}]", json.get<std::string>()), nullptr, false);
    return list.is_array() ? parseReals(list) : std::nullopt;
  }
  const Json list = json.is_array() ? json : Json::array({json});
  std::vector<double> values;
  for (const Json& item : list) {
    if (!item.is_number() || !std::isfinite(item.get<double>())) return std::nullopt;
    values.push_back(item.get<double>());
  }
  return values.empty() ? std::nullopt : std::optional(values);
}

std::optional<std::vector<double>> parseDivisors(const Json& json) {
  auto values = parseReals(json);
  if (values && std::ranges::find(*values, 0.0) != values->end()) return std::nullopt;
  return values;
}

Json jsonOf(const std::vector<double>& values) { return values.size() == 1 ? Json(values[0]) : Json(values); }

std::optional<bool> parseBool(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json == "true") return true;
  if (json == "false") return false;
  return std::nullopt;
}

std::optional<Interpolation> parseInterpolation(const Json& json) { return findNamed(kInterpolations, json); }
std::optional<Color> parseColor(const Json& json) { return findNamed(kColors, json); }
std::optional<PixelLayout> parseLayout(const Json& json) { return findNamed(kLayouts, json); }
Json jsonOf(Interpolation value) { return nameOf(kInterpolations, value); }
Json jsonOf(Color value) { return nameOf(kColors, value); }
Json jsonOf(PixelLayout value) { return nameOf(kLayouts, value); }
Json jsonOf(double value) { return value; }
Json jsonOf(bool value) { return value; }

/// One field: how it is read (false: the value is none of the expected ones) and written.
struct Field {
  std::string_view name;
  std::string_view expected;
  bool (*read)(const Json&, Preprocess&);
  Json (*write)(const Preprocess&);
};

template <auto kMember, auto kParse>
constexpr Field field(std::string_view name, std::string_view expected) {
  return {name, expected,
          [](const Json& json, Preprocess& preprocess) {
            const auto value = kParse(json);
            if (value) preprocess.*kMember = *value;
            return value.has_value();
          },
          [](const Preprocess& preprocess) { return jsonOf(preprocess.*kMember); }};
}

constexpr std::array kFields = {
    field<&Preprocess::resize, parseResize>(
        "resize", "auto, none, a short side (256), width x height (320x240) or crop/FRACTION (crop/0.875)"),
    field<&Preprocess::interpolation, parseInterpolation>("interpolation", "bilinear or bicubic"),
    field<&Preprocess::antialias, parseBool>("antialias", "true or false"),
    field<&Preprocess::crop, parseCrop>("crop", "auto, none, a side (224) or width x height (320x240)"),
    field<&Preprocess::color, parseColor>("color", "auto, rgb, bgr or gray"),
    field<&Preprocess::scale, parseScale>("scale", "a number other than 0 (0.5) or a quotient (1/255)"),
    field<&Preprocess::mean, parseReals>("mean", "a number or one for each channel (0.485,0.456,0.406)"),
    field<&Preprocess::std, parseDivisors>("std", "a number other than 0 or one for each channel (0.229,0.224,0.225)"),
    field<&Preprocess::layout, parseLayout>("layout", "auto, nchw or nhwc"),
};

constexpr std::string_view kPresetField = "preset";

/// `json` as a user would write it.
std::string shown(const Json& json) { return json.is_string() ? json.get<std::string>() : json.dump(); }

void readField(Preprocess& preprocess, std::string_view name, const Json& json, const std::string& origin) {
  const auto* field = std::ranges::find(kFields, name, &Field::name);
  if (field == kFields.end()) {
    std::vector<std::string_view> known = {kPresetField};
    std::ranges::transform(kFields, std::back_inserter(known), &Field::name);
    throwBadInput("{} has an unknown field '{}'; known are {}", origin, name, fmt::join(known, ", "));
  }
  if (!field->read(json, preprocess)) {
    throwBadInput("'{}' of {} is '{}', expected {}", name, origin, shown(json), field->expected);
  }
}

Json parseObject(const std::string& text, const std::string& origin) {
  try {
    Json json = Json::parse(text);
    if (json.is_object()) return json;
  } catch (const nlohmann::json::parse_error& error) {
    throwBadInput("{} is not JSON: {}", origin, error.what());
  }
  throwBadInput("{} holds no JSON object; expected one like {{\"preset\": \"imagenet\"}}", origin);
}

Preprocess imagenet() {
  Preprocess result;
  result.resize = {.mode = ResizeMode::kCropFraction, .crop_fraction = 0.875};  // 256 for a crop of 224
  result.scale = 1 / 255.0;
  result.mean = {0.485, 0.456, 0.406};
  result.std = {0.229, 0.224, 0.225};
  return result;
}

Preprocess inception() {
  Preprocess result;
  result.resize = {.mode = ResizeMode::kCropFraction, .crop_fraction = 0.875};
  result.mean = {127.5};
  result.std = {127.5};
  return result;
}

Preprocess zeroOne() {
  Preprocess result;
  result.scale = 1 / 255.0;
  return result;
}

}  // namespace

const std::vector<PreprocessPreset>& preprocessPresets() {
  static const std::vector<PreprocessPreset> presets = {
      {"imagenet", "short side 256, crop 224, then (pixel / 255 - mean) / std of ImageNet", imagenet()},
      {"inception", "short side 256, crop 224, then (pixel - 127.5) / 127.5", inception()},
      {"zero-one", "pixel / 255, resized to the model's size", zeroOne()},
      {"raw", "pixels 0..255, resized to the model's size", Preprocess{}},
  };
  return presets;
}

Preprocess presetNamed(std::string_view name) {
  const auto& presets = preprocessPresets();
  const auto found = std::ranges::find(presets, name, &PreprocessPreset::name);
  if (found != presets.end()) return found->preprocess;
  std::vector<std::string_view> known;
  std::ranges::transform(presets, std::back_inserter(known), &PreprocessPreset::name);
  throwBadInput("there is no preprocessing preset '{}'; known are {}", name, fmt::join(known, ", "));
}

void setPreprocessField(Preprocess& preprocess, std::string_view field, const std::string& text) {
  if (field == kPresetField) {
    preprocess = presetNamed(text);
  } else {
    readField(preprocess, field, text, "the preprocessing");
  }
}

Preprocess preprocessFromJson(const std::string& text, const std::string& origin, const Preprocess& base) {
  const Json json = parseObject(text, origin);
  Preprocess result = base;
  if (const auto preset = json.find(kPresetField); preset != json.end()) result = presetNamed(shown(*preset));
  for (const auto& [name, value] : json.items()) {
    if (name != kPresetField) readField(result, name, value, origin);
  }
  return result;
}

Preprocess loadPreprocess(const std::filesystem::path& path, const Preprocess& base) {
  return preprocessFromJson(readFile(path), fmt::format("'{}'", path.string()), base);
}

std::string toJson(const Preprocess& preprocess) {
  Json json;
  for (const Field& field : kFields) json[std::string(field.name)] = field.write(preprocess);
  return json.dump(2);
}

}  // namespace quant
