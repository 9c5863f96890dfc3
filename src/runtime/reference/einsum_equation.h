#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quant::reference {

/// One axis of an operand: a letter of the equation, or (from kEllipsis on) an axis that an ellipsis stands for,
/// counted from the last one.
using EinsumLabel = int;
using EinsumLabels = std::vector<EinsumLabel>;
inline constexpr EinsumLabel kEllipsis = 256;

/// "ij,jk->ik" taken apart for operands of given ranks.
struct EinsumEquation {
  std::vector<EinsumLabels> operands;
  EinsumLabels result;
};

/// Throws (bad input) where the equation is malformed or does not fit the ranks. Without "->" the result has what the
/// ellipses stand for and then, in alphabetical order, each letter that comes once.
EinsumEquation parseEinsum(const std::string& equation, const std::vector<int64_t>& ranks);

}  // namespace quant::reference
