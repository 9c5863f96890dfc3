#pragma once

#include "runtime/kernel.h"

namespace quant::onednn {

/// A tensor's sizes in the order in which its elements lie: N, spatial..., C for channels-last.
Shape memoryShape(const Shape& shape, Layout layout);

/// Where `axis` stands in memoryShape.
int64_t memoryAxis(int64_t axis, int64_t rank, Layout layout);

/// The same elements, which the result does not own, as a row-major tensor in memory order.
Tensor inMemoryOrder(const Tensor& tensor);

/// True when some input of this rank is channels-last, so that a result of this rank should be, too.
bool hasChannelsLast(const KernelContext& context, size_t rank);

/// Input `index` as it broadcasts to a channels-last result of `rank`, in memory order.
Tensor operand(KernelContext& context, size_t index, size_t rank);

}  // namespace quant::onednn
