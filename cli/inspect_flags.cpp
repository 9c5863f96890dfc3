#include <charconv>

#include "flags.h"

namespace quant {

namespace {

constexpr const char* kModelGroup = "Model";
constexpr const char* kResultGroup = "Results";

/// "sequence=128"
void addSize(std::map<std::string, int64_t>& sizes, const std::string& text) {
  const size_t equals = text.rfind('=');
  int64_t size = 0;
  const char* end = text.data() + text.size();
  const bool is_number = equals != std::string::npos && equals > 0 &&
                         std::from_chars(text.data() + equals + 1, end, size).ptr == end && equals + 1 < text.size();
  if (!is_number || size <= 0) throw CLI::ValidationError("--size", "'" + text + "' is not NAME=N with N above 0");
  sizes[text.substr(0, equals)] = size;
}

}  // namespace

void declareInspectFlags(CLI::App& app, InspectOptions& options) {
  app.add_option("model", options.model, "The ONNX model to look at")
      ->type_name("MODEL")
      ->required()
      ->group(kModelGroup);
  const auto add_sizes = [&options](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) addSize(options.sizes, text);
  };
  app.add_option_function<std::vector<std::string>>(
         "--size", add_sizes,
         "Count MACs for this size of an axis that only a run can tell: batch=8 (default: 1); may be repeated")
      ->type_name("NAME=N")
      ->take_all()
      ->allow_extra_args(false)
      ->group(kModelGroup);
  app.add_flag("--all", options.all_layers, "Show every layer, not only the largest")->group(kResultGroup);
  app.add_flag("--json", options.json, "Print everything as JSON")->group(kResultGroup);
}

}  // namespace quant
