#include "flags.h"

namespace quant {

namespace {

constexpr const char* kModelGroup = "Model";
constexpr const char* kResultGroup = "Results";

}  // namespace

void declareCompareFlags(CLI::App& app, CompareOptions& options) {
  app.add_option("baseline", options.baseline, "What the other model is held against: the float model, as a rule")
      ->type_name("A")
      ->required()
      ->group(kModelGroup);
  app.add_option("model", options.model, "Another form of the same network: quantized, converted, with other weights")
      ->type_name("B")
      ->required()
      ->group(kModelGroup);
  options.data.max_samples = kDefaultComparedSamples;
  declareDataFlags(app, options.data);
  declarePictureFlags(app, options.data.preprocess);
  app.add_option("--below", options.below, "The models part at the first value whose SQNR is under DB")
      ->type_name("DB")
      ->capture_default_str()
      ->group(kResultGroup);
  app.add_flag("--json", options.json, "Print everything as JSON")->group(kResultGroup);
  app.add_option("--report", options.reports,
                 "Write all that was found; the ending says how: .json or .md; may be repeated")
      ->type_name("FILE")
      ->take_all()
      ->allow_extra_args(false)
      ->group(kResultGroup);
}

}  // namespace quant
