#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/data_type.h"
#include "quantizer/target.h"

namespace quant {

/// Which nodes may be quantized. Names are matched as shell globs ("block?/conv*").
struct NodeSelection {
  std::vector<std::string> include_nodes;  ///< empty: every node
  std::vector<std::string> exclude_nodes;
  std::vector<std::string> include_ops;  ///< empty: every operator
  std::vector<std::string> exclude_ops;
  int exclude_first = 0;  ///< that many nodes with weights from the start of the graph stay float
  int exclude_last = 0;   ///< and from its end
  /// Nodes, by their first output, that a look at the result showed to lose too much, each with what was seen.
  std::map<std::string, std::string> kept_float = {};
  /// When not empty: no node but these, by their first output.
  std::set<std::string> only = {};
  /// Constants that stay float though they are weights, each with the reason.
  std::map<std::string, std::string> kept_constants = {};
  bool in_body = false;  ///< what no node matches here may match one in another graph of the model
};

/// How weights become integers, where calibration gathered the means of what they are multiplied with.
enum class WeightRounding {
  kBalanced,  ///< so that the errors of an output channel cancel out over a typical input; the bias takes what is left
  kNearest,   ///< each to the nearest integer, whatever the others do
};

/// Which operators the written model is made of.
enum class OperatorFormat {
  kAuto,       ///< what suits the mode: ONNX's own operators wherever they compute on integers
  kQdq,        ///< ONNX's own operators: QuantizeLinear and DequantizeLinear around float ones, or the mode's form
  kQOperator,  ///< ONNX's integer operators
  kMicrosoft,  ///< com.microsoft's operators where they are faster: for onnxruntime only
};

/// How static int8 quantization stores activations and weights.
struct Int8Options {
  DataType activation_type = DataType::kUInt8;  ///< kUInt8 or kInt8
  bool symmetric_activations = false;
  bool per_channel_weights = true;
  Target target = Target::kX86;
  WeightRounding rounding = WeightRounding::kBalanced;
  bool levels = true;  ///< divide wide channels of activations, and multiply the weights instead
  NodeSelection selection;
};

/// How weight-only quantization stores weights.
struct WeightOnlyOptions {
  int bits = 8;            ///< 8 or 4
  int64_t block = 32;      ///< 4 bits: weights that share a scale
  bool symmetric = false;  ///< 4 bits: no zero points
  OperatorFormat format = OperatorFormat::kAuto;
  NodeSelection selection;
};

/// What dynamic int8 quantization takes beside MatMul and Gemm with constant weights.
struct DynamicOptions {
  bool convolutions = false;
  bool two_activations = false;  ///< MatMul of two computed operands
  OperatorFormat format = OperatorFormat::kAuto;
};

}  // namespace quant
