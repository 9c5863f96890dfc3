#pragma once

#include <string_view>

namespace quant {

/// Why an operator may not do in half precision.
enum class Delicacy {
  kNone,
  kAlways,   ///< its argument needs more places than half precision has
  kSteep,    ///< a small change of its argument is a large one of its result, which may leave the range
  kSum,      ///< adds up many elements
  kSquares,  ///< adds up squares
};

struct DelicateOp {
  std::string_view op_type;
  Delicacy delicacy;
  std::string_view why;
};

/// The row of an operator of ONNX's own domain; one with kNone for those that are in no table.
const DelicateOp& delicacyOf(std::string_view op_type);

/// True for operators that only move elements, or combine them one by one: a large result comes from a large argument.
bool carriesMagnitudes(std::string_view op_type);

/// True for products of matrices and windows, which are what half precision is for.
bool isProduct(std::string_view op_type);

}  // namespace quant
