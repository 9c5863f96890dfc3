#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "calibration/methods.h"
#include "quantizer/options.h"

namespace quant {

/// How to quantize; each is a row of the table in mode.cpp.
enum class Mode {
  kPtqInt8,     ///< static int8: ranges of activations are calibrated on samples
  kFp16,        ///< half precision, IEEE 754
  kBf16,        ///< half precision with the exponent of float
  kDynamic,     ///< int8 weights; activations become int8 while the model runs
  kWeightOnly,  ///< small weights that become float again where they are used
};

/// What the user wants to say of how pictures become inputs: fields over a file over what the model's metadata says.
struct PreprocessOptions {
  std::string json;  ///< in place of the model's metadata, when not empty
  std::filesystem::path file;
  std::vector<std::pair<std::string, std::string>> fields;  ///< as setPreprocessField takes them, in order
};

/// Which samples, and how they become inputs.
struct DataOptions {
  std::filesystem::path folder;
  std::filesystem::path classes;
  std::filesystem::path labels;  ///< empty: class folders say it
  size_t max_samples = 0;        ///< 0: all
  PreprocessOptions preprocess;
};

/// The method that measured best over the shared models; see docs/calibration.md.
inline constexpr const char* kDefaultCalibrationMethod = "mse";
inline constexpr size_t kDefaultCalibrationSamples = 512;

/// Below it, outputs of float and quantized models differ so much that people ask why.
inline constexpr double kDefaultMinCosine = 0.98;

struct CalibrationOptions {
  std::string method;  ///< a name in calibrationMethods()
  double percentile = 99.99;
  int batch_size = 1;
  std::filesystem::path save_ranges, load_ranges;
};

/// Everything the user asked `quantize MODEL` for, checked by the command line parser.
struct QuantizeOptions {
  std::filesystem::path model;
  std::filesystem::path output;  ///< empty: beside the model, with the mode's suffix
  Mode mode = Mode::kPtqInt8;
  DataOptions data;
  CalibrationOptions calibration;
  Int8Options int8;
  bool half_io = false;  ///< fp16, bf16: the model's inputs and outputs change their type too
  OperatorFormat format = OperatorFormat::kAuto;
  WeightOnlyOptions weight_only;  ///< what it shares with `int8` stands there
  DynamicOptions dynamic;
  bool dry_run = false;
  size_t verify_samples = 16;  ///< 0: none
  bool verify_large = false;   ///< also models of more than 2 GB, because the user named a number of samples
  bool verify_exact = false;
  double min_cosine = kDefaultMinCosine;  ///< a result that is farther from the float model is announced
  bool mend = true;                       ///< leave the nodes in float that make it so
  std::filesystem::path report;
};

}  // namespace quant
