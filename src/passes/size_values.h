#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"

namespace quant {

/// A number of a shape calculation: known, or known to be some named size ("batch"), or neither.
struct SizeValue {
  std::optional<int64_t> number;
  std::string name;
};

/// What is known without a run of an integer scalar or vector that is computed from shapes.
struct SizeVector {
  DataType type = DataType::kInt64;
  bool is_scalar = false;
  std::vector<SizeValue> elements;

  /// The value as a tensor when every number is known.
  [[nodiscard]] std::optional<Tensor> toTensor() const;
};

/// By value name.
using KnownSizes = std::unordered_map<std::string, SizeVector>;

/// Follows sizes from Shape nodes through the operators that pick and combine them (Gather, Slice, Concat, Cast, ...).
/// Needs inferred shapes. The result holds computed values only, not constants.
KnownSizes propagateSizes(const Graph& graph);

}  // namespace quant
