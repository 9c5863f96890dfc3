#pragma once

#include <cstdint>
#include <optional>

#include "core/shape.h"
#include "dataset/input_spec.h"

namespace quant {

/// How an array from a file becomes samples for a model's input.
struct ArrayFit {
  int64_t samples = 1;  ///< the array's elements are this many samples, one after the other
  Shape shape;          ///< of one sample
  bool operator==(const ArrayFit&) const = default;
};

/// The reading of an array of shape `array` as samples for `input`, or nothing when it does not fit:
///   input [N,rest]         array         samples
///   N open or 1            [k,rest]      k of [1,rest]     a leading sample axis (k = 1: one sample)
///   N open or 1            [rest]        1 of [1,rest]     without a batch axis
///   N fixed                [k*N,rest]    k of [N,rest]
///   N fixed                [1,rest]      1 of [1,rest]     to be stacked
///   any                    [k,N,rest]    k of [N,rest]     an axis in front of the whole input
/// When the model does not say how many axes it wants, the first one is the sample axis.
std::optional<ArrayFit> fitArray(const Shape& array, const InputSpec& input);

/// The whole array as one sample, where it has exactly the model's shape.
std::optional<ArrayFit> fitWhole(const Shape& array, const InputSpec& input);

}  // namespace quant
