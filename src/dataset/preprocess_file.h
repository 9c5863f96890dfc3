#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "dataset/preprocess.h"

namespace quant {

/// A usual preprocessing under a name.
struct PreprocessPreset {
  std::string_view name;
  std::string_view summary;  ///< one line for --help
  Preprocess preprocess;
};

/// imagenet, inception, zero-one, raw.
const std::vector<PreprocessPreset>& preprocessPresets();

/// Throws (bad input) with the known names.
Preprocess presetNamed(std::string_view name);

/// Sets one part from the text of a flag, spelled as in the JSON file:
///   preset         a name; replaces everything
///   resize         auto | none | 256 (short side) | 320x240 (width x height) | crop/0.875
///   interpolation  bilinear | bicubic            antialias  true | false
///   crop           auto | none | 224 | 320x240   color      auto | rgb | bgr | gray
///   scale          1 | 1/255                     mean, std  127.5 | 0.485,0.456,0.406
///   layout         auto | nchw | nhwc
/// Throws (bad input) with what was expected.
void setPreprocessField(Preprocess& preprocess, std::string_view field, const std::string& text);

/// A JSON object with any of these fields over `base`; "preset" is applied first, wherever it stands. Throws (bad
/// input) with `origin` for unknown fields and wrong values.
Preprocess preprocessFromJson(const std::string& text, const std::string& origin, const Preprocess& base = {});

/// The same from a file.
Preprocess loadPreprocess(const std::filesystem::path& path, const Preprocess& base = {});

/// All fields; `preprocessFromJson` gives the same back.
std::string toJson(const Preprocess& preprocess);

}  // namespace quant
