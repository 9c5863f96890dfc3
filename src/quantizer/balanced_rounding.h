#pragma once

#include <cstdint>
#include <span>

#include "core/quant_params.h"
#include "core/tensor.h"
#include "quantizer/input_means.h"
#include "quantizer/saturation_safe.h"
#include "quantizer/weight_rows.h"

namespace quant {

/// Rounds some weights the other way, so that the errors of each output channel cancel out.
///
/// Activations are far from centred (pixels, what a Relu leaves), and much of what varies in them they have in common:
/// brightness, contrast, how strongly a feature is there. An input x = means * strength + noise makes of the errors e
///   E[(x * e)^2]  ~  2 * (sum of means * e)^2 + mean(means^2) * sum(e^2)
/// and rounding each weight on its own looks at the second term only. In each row, integers move by one, the cheapest
/// first, until no move lowers the sum of both.
///
/// No integer leaves [-127, 127], and no pair of `limited` neighbours gets above kMostPairSum. Returns how many
/// integers were moved.
int64_t balanceWeights(const Tensor& weights, const WeightRows& rows, const QuantParams& params,
                       const InputMeans& means, std::span<const Neighbours> limited, std::span<int8_t> integers);

}  // namespace quant
