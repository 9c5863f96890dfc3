#include "flags.h"

#include <algorithm>
#include <array>
#include <map>

#include "app/mode.h"
#include "dataset/preprocess_file.h"
#include "parse_errors.h"

namespace quant {

namespace {

constexpr const char* kModelGroup = "Model";
constexpr const char* kDataGroup = "Samples";
constexpr const char* kPictureGroup = "Pictures";
constexpr const char* kCalibrationGroup = "Calibration";
constexpr const char* kInt8Group = "Quantization";
constexpr const char* kSelectionGroup = "Which nodes";
constexpr const char* kResultGroup = "Results";

struct PictureFlag {
  const char* flag;
  const char* field;
  const char* help;
};

constexpr std::array kPictureFlags = {
    PictureFlag{"--preset", "preset", "A usual preprocessing: imagenet, inception, zero-one or raw"},
    PictureFlag{"--resize", "resize", "256 (short side), 320x240 (exact), crop/0.875, none or auto"},
    PictureFlag{"--interpolation", "interpolation", "bilinear or bicubic, antialiased as Pillow does it"},
    PictureFlag{"--crop", "crop", "Cut out the middle: 224, 320x240, none or auto"},
    PictureFlag{"--color", "color", "rgb, bgr, gray or auto"},
    PictureFlag{"--scale", "scale", "value = (pixel * SCALE - MEAN) / STD; a number or a fraction such as 1/255"},
    PictureFlag{"--mean", "mean", "One number, or one for each channel: 0.485,0.456,0.406"},
    PictureFlag{"--std", "std", "One number, or one for each channel"},
    PictureFlag{"--layout", "layout", "nchw, nhwc or auto"},
};

template <class Row>
std::vector<std::string> namesOf(const Row& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

void declareCalibrationFlags(CLI::App& app, QuantizeOptions& options) {
  CalibrationOptions& calibration = options.calibration;
  std::string methods;
  for (const auto& method : calibrationMethods()) methods += fmt::format("\n{}: {}", method.name, method.description);
  app.add_option("--calib-method", calibration.method, "How a range is chosen from what the samples show" + methods)
      ->type_name("NAME")
      ->check(CLI::IsMember(namesOf(calibrationMethods())))
      ->capture_default_str()
      ->group(kCalibrationGroup);
  app.add_option("--percentile", calibration.percentile, "For --calib-method percentile: how much the range holds")
      ->type_name("PERCENT")
      ->check(CLI::Range(50.0, 100.0))
      ->capture_default_str()
      ->group(kCalibrationGroup);
  app.add_option("--batch-size", calibration.batch_size,
                 "Samples that a worker takes at a time; the ranges and the written model never depend on it")
      ->type_name("N")
      ->check(aboveZero())
      ->capture_default_str()
      ->group(kCalibrationGroup);
  app.add_option("--save-ranges", calibration.save_ranges, "Write the calibrated ranges, to be used again")
      ->type_name("FILE")
      ->group(kCalibrationGroup);
  app.add_option("--load-ranges", calibration.load_ranges, "Use ranges saved earlier for this model")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group(kCalibrationGroup);
}

void declareTargetFlag(CLI::App& app, Int8Options& options) {
  const auto set_target = [&options](const std::string& name) {
    options.target = std::ranges::find(targets(), name, &TargetRow::name)->target;
  };
  std::string summaries;
  for (const TargetRow& row : targets()) summaries += fmt::format("\n{}: {}", row.name, row.summary);
  app.add_option_function<std::string>("--target", set_target, "The CPUs that will run the model" + summaries)
      ->type_name("NAME")
      ->check(CLI::IsMember(namesOf(targets())))
      ->default_str(std::string(rowOf(options.target).name))
      ->group(kInt8Group);
}

void declareInt8Flags(CLI::App& app, Int8Options& options) {
  declareTargetFlag(app, options);
  const auto set_type = [&options](const std::string& name) {
    options.activation_type = name == "s8" ? DataType::kInt8 : DataType::kUInt8;
  };
  app.add_option_function<std::string>("--activations", set_type, "How activations are stored: u8 or s8")
      ->type_name("TYPE")
      ->check(CLI::IsMember({"u8", "s8"}))
      ->default_str("u8")
      ->group(kInt8Group);
  app.add_flag("--symmetric", options.symmetric_activations,
               "Activations, or weights of 4 bits, get a grid that is symmetric around zero")
      ->group(kInt8Group);
  app.add_flag_function(
         "--per-tensor", [&options](int64_t) { options.per_channel_weights = false; },
         "One scale for all weights of a node instead of one per output channel")
      ->group(kInt8Group);
  const auto set_rounding = [&options](const std::string& name) {
    options.rounding = name == "nearest" ? WeightRounding::kNearest : WeightRounding::kBalanced;
  };
  app.add_option_function<std::string>(
         "--weight-rounding", set_rounding,
         "How weights become integers"
         "\nbalanced: the errors of an output channel cancel out over a typical sample; the bias takes the rest"
         "\nnearest: each weight on its own")
      ->type_name("NAME")
      ->check(CLI::IsMember({"balanced", "nearest"}))
      ->default_str("balanced")
      ->group(kInt8Group);
  app.add_flag_function(
         "--no-levels", [&options](int64_t) { options.levels = false; },
         "ptq-int8, dynamic: channels of activations stay as wide as they are")
      ->group(kInt8Group);
}

void declareFormatFlag(CLI::App& app, QuantizeOptions& options) {
  const std::map<std::string, OperatorFormat> formats{{"auto", OperatorFormat::kAuto},
                                                      {"qdq", OperatorFormat::kQdq},
                                                      {"qoperator", OperatorFormat::kQOperator},
                                                      {"ms", OperatorFormat::kMicrosoft}};
  app.add_option_function<std::string>(
         "--format", [&options, formats](const std::string& name) { options.format = formats.at(name); },
         "Which operators the written model is made of"
         "\nauto: what suits the mode; ONNX's own operators wherever they compute on integers"
         "\nqdq: ONNX's own operators, as a rule between QuantizeLinear and DequantizeLinear"
         "\nqoperator: ONNX's integer operators (QLinearConv, QLinearMatMul, MatMulInteger)"
         "\nms: com.microsoft's operators where they are faster, for onnxruntime only")
      ->type_name("NAME")
      ->check(CLI::IsMember({"auto", "qdq", "qoperator", "ms"}))
      ->default_str("auto")
      ->group(kInt8Group);
}

void declareWeightOnlyFlags(CLI::App& app, WeightOnlyOptions& options) {
  app.add_option(
         "--weight-bits", options.bits,
         "For --mode weight-only: 8, a scale for each output channel, or 4, a scale and zero point for each block")
      ->type_name("N")
      ->check(CLI::IsMember({8, 4}))
      ->capture_default_str()
      ->group(kInt8Group);
  app.add_option("--block-size", options.block, "For --weight-bits 4: weights that share a scale, 16 to 256")
      ->type_name("N")
      ->check(CLI::IsMember({16, 32, 64, 128, 256}))
      ->capture_default_str()
      ->group(kInt8Group);
}

void declareDynamicFlags(CLI::App& app, DynamicOptions& options) {
  app.add_flag("--dynamic-conv", options.convolutions, "With --mode dynamic: convolutions too")->group(kInt8Group);
  app.add_flag("--dynamic-products", options.two_activations,
               "With --mode dynamic: products of two activations too (attention)")
      ->group(kInt8Group);
}

void declareSelectionFlags(CLI::App& app, NodeSelection& selection) {
  const auto add = [&](const char* flag, std::vector<std::string>& list, const char* help) {
    app.add_option(flag, list, help)->type_name("NAME")->group(kSelectionGroup)->take_all()->allow_extra_args(false);
  };
  add("--include-node", selection.include_nodes, "Quantize only these nodes (name or glob; may be repeated)");
  add("--exclude-node", selection.exclude_nodes, "Leave these nodes in float");
  add("--op", selection.include_ops, "Quantize only these operators");
  add("--exclude-op", selection.exclude_ops, "Leave these operators in float");
  app.add_option("--exclude-first", selection.exclude_first, "Leave the first N nodes with weights in float")
      ->type_name("N")
      ->check(notNegative())
      ->group(kSelectionGroup);
  app.add_option("--exclude-last", selection.exclude_last, "Leave the last N nodes with weights in float")
      ->type_name("N")
      ->check(notNegative())
      ->group(kSelectionGroup);
}

void declareHalfFlags(CLI::App& app, QuantizeOptions& options) {
  app.add_flag("--half-io", options.half_io, "fp16, bf16: the model's inputs and outputs change their type too")
      ->group(kInt8Group);
  app.add_flag_function(
         "--keep-io-types", [&options](int64_t) { options.half_io = false; }, "fp16, bf16: they stay float32 (default)")
      ->group(kInt8Group);
}

void declareResultFlags(CLI::App& app, QuantizeOptions& options) {
  auto* dry_run =
      app.add_flag("--dry-run", options.dry_run, "Print every node, what would happen to it and why; write nothing");
  dry_run->group(kResultGroup)->excludes(app.get_option("--save-ranges"));
  const auto set_samples = [&options](size_t samples) {
    options.verify_samples = samples;
    options.verify_large = true;
  };
  app.add_option_function<size_t>("--verify", set_samples,
                                  "Compare with the float model on N samples, also a model of more than 2 GB")
      ->type_name("N")
      ->check(notNegative())
      ->default_str(std::to_string(options.verify_samples))
      ->group(kResultGroup);
  app.add_flag_function(
         "--no-verify", [&options](int64_t) { options.verify_samples = 0; }, "The same as --verify 0")
      ->group(kResultGroup);
  app.add_option("--min-cosine", options.min_cosine,
                 "A result whose cosine to the float model is under it is announced, and the nodes that cause it "
                 "stay in float; 0 for never")
      ->type_name("X")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group(kResultGroup);
  app.add_flag_function(
         "--no-mend", [&options](int64_t) { options.mend = false; },
         "Under --min-cosine, only name the nodes; quantize them all the same")
      ->group(kResultGroup);
  app.add_flag("--verify-exact", options.verify_exact,
               "Compare also as computed with exact integer sums, as on a CPU that never saturates")
      ->group(kResultGroup);
  app.add_option("--report", options.report,
                 "Write what was done and how good it is, by ending: .json, .md, or .html with plots")
      ->type_name("FILE")
      ->excludes(dry_run)
      ->group(kResultGroup);
}

}  // namespace

void declarePictureFlags(CLI::App& app, PreprocessOptions& options) {
  app.add_option("--preprocess", options.file, "A JSON file with the flags below as fields")
      ->type_name("FILE")
      ->check(CLI::ExistingFile)
      ->group(kPictureGroup);
  for (const PictureFlag& row : kPictureFlags) {
    const auto keep = [&options, field = row.field](const std::string& text) {
      options.fields.emplace_back(field, text);
    };
    app.add_option_function<std::string>(row.flag, keep, row.help)->type_name("TEXT")->group(kPictureGroup);
  }
}

void declareQuantizeFlags(CLI::App& app, QuantizeOptions& options) {
  app.add_option("model", options.model, "The ONNX model to quantize")->type_name("MODEL")->group(kModelGroup);
  app.add_option("-o,--output", options.output,
                 "Where to write the result (default: beside it, MODEL.int8.onnx or the like)")
      ->type_name("FILE")
      ->group(kModelGroup);
  const auto set_mode = [&options](const std::string& name) {
    options.mode = std::ranges::find(modes(), name, &ModeRow::name)->mode;
  };
  std::string summaries;
  for (const ModeRow& row : modes()) summaries += fmt::format("\n{}: {}", row.name, row.summary);
  app.add_option_function<std::string>(
         "--mode", set_mode, "What to do; without it, the model is looked at and a mode recommended" + summaries)
      ->type_name("NAME")
      ->check(CLI::IsMember(namesOf(modes())))
      ->group(kModelGroup);
  app.add_option("--calib-data", options.data.folder,
                 "Samples to calibrate with: a folder of JPEG or PNG pictures, .npy, .npz or .pb files")
      ->type_name("DIR")
      ->check(CLI::ExistingPath)
      ->group(kDataGroup);
  app.add_option("--calib-samples", options.data.max_samples, "Take N of them, evenly spread; 0 for all")
      ->type_name("N")
      ->check(notNegative())
      ->capture_default_str()
      ->group(kDataGroup);
  declarePictureFlags(app, options.data.preprocess);
  declareCalibrationFlags(app, options);
  declareInt8Flags(app, options.int8);
  declareHalfFlags(app, options);
  declareFormatFlag(app, options);
  declareWeightOnlyFlags(app, options.weight_only);
  declareDynamicFlags(app, options.dynamic);
  declareSelectionFlags(app, options.int8.selection);
  declareResultFlags(app, options);
}

}  // namespace quant
