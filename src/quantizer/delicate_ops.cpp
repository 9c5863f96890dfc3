#include "quantizer/delicate_ops.h"

#include <algorithm>

namespace quant {

namespace {

constexpr std::string_view kAngle = "an angle needs more places than half precision has";
constexpr std::string_view kPlace = "coordinates need more places than half precision has";
constexpr std::string_view kScales = "its scales and what it counts on would be rounded";
constexpr std::string_view kGrows = "its result grows fast";
constexpr std::string_view kAdds = "adds up many elements";
constexpr std::string_view kAddsSquares = "adds up squares";

constexpr DelicateOp kDelicate[] = {
    {"Sin", Delicacy::kAlways, kAngle},
    {"Cos", Delicacy::kAlways, kAngle},
    {"Tan", Delicacy::kAlways, kAngle},
    {"DFT", Delicacy::kAlways, kAngle},
    {"STFT", Delicacy::kAlways, kAngle},
    {"Range", Delicacy::kAlways, "counts, and half precision skips numbers"},
    {"Mod", Delicacy::kAlways, "a remainder is what rounding takes first"},
    {"AffineGrid", Delicacy::kAlways, kPlace},
    {"RoiAlign", Delicacy::kAlways, kPlace},
    {"MaxRoiPool", Delicacy::kAlways, kPlace},
    {"Det", Delicacy::kAlways, "takes differences of large products"},
    {"Log", Delicacy::kAlways, "an argument that half precision rounds to zero gives infinity"},
    {"QuantizeLinear", Delicacy::kAlways, kScales},
    {"DequantizeLinear", Delicacy::kAlways, kScales},
    {"DynamicQuantizeLinear", Delicacy::kAlways, kScales},
    {"QLinearConv", Delicacy::kAlways, kScales},
    {"QLinearMatMul", Delicacy::kAlways, kScales},
    {"Exp", Delicacy::kSteep, kGrows},
    {"Pow", Delicacy::kSteep, kGrows},
    {"Sinh", Delicacy::kSteep, kGrows},
    {"Cosh", Delicacy::kSteep, kGrows},
    {"Reciprocal", Delicacy::kSteep, kGrows},
    {"Acosh", Delicacy::kSteep, kGrows},
    {"Atanh", Delicacy::kSteep, kGrows},
    {"CumSum", Delicacy::kSum, kAdds},
    {"CumProd", Delicacy::kSteep, kGrows},
    {"ReduceSum", Delicacy::kSum, kAdds},
    {"ReduceMean", Delicacy::kSum, kAdds},
    {"ReduceL1", Delicacy::kSum, kAdds},
    {"ReduceLogSum", Delicacy::kSum, kAdds},
    {"ReduceProd", Delicacy::kSteep, kGrows},
    {"ReduceLogSumExp", Delicacy::kSteep, kGrows},
    {"ReduceL2", Delicacy::kSquares, kAddsSquares},
    {"ReduceSumSquare", Delicacy::kSquares, kAddsSquares},
    {"LpNormalization", Delicacy::kSquares, kAddsSquares},
    {"LpPool", Delicacy::kSquares, kAddsSquares},
    {"GlobalLpPool", Delicacy::kSquares, kAddsSquares},
    {"LRN", Delicacy::kSquares, kAddsSquares},
    {"InstanceNormalization", Delicacy::kSquares, kAddsSquares},
    {"MeanVarianceNormalization", Delicacy::kSquares, kAddsSquares},
};

constexpr DelicateOp kRobust = {"", Delicacy::kNone, ""};

constexpr std::string_view kCarriers[] = {
    "Abs",
    "Add",
    "Cast",
    "Ceil",
    "Concat",
    "CumSum",
    "DepthToSpace",
    "Div",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "GatherND",
    "Identity",
    "LeakyRelu",
    "Max",
    "Mean",
    "Min",
    "Mul",
    "Neg",
    "PRelu",
    "Pad",
    "Pow",
    "ReduceMax",
    "ReduceMin",
    "ReduceSum",
    "ReduceMean",
    "Relu",
    "Reshape",
    "Resize",
    "Round",
    "ScatterElements",
    "ScatterND",
    "Slice",
    "SpaceToDepth",
    "Split",
    "Squeeze",
    "Sub",
    "Sum",
    "Tile",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Where",
};

constexpr std::string_view kProducts[] = {
    "Attention", "Conv",   "ConvTranspose",      "Einsum", "FusedMatMul", "GRU", "Gemm",
    "LSTM",      "MatMul", "MultiHeadAttention", "RNN",
};

}  // namespace

const DelicateOp& delicacyOf(std::string_view op_type) {
  const auto* const found = std::ranges::find(kDelicate, op_type, &DelicateOp::op_type);
  return found == std::end(kDelicate) ? kRobust : *found;
}

bool carriesMagnitudes(std::string_view op_type) {
  return std::ranges::find(kCarriers, op_type) != std::end(kCarriers);
}

bool isProduct(std::string_view op_type) { return std::ranges::find(kProducts, op_type) != std::end(kProducts); }

}  // namespace quant
