#pragma once

#include "runtime/kernel.h"

namespace quant {

/// The arithmetic operators of the reference backend: ONNX's semantics to the letter, sums of floating point numbers in
/// double, integers exact, rounding half to even.
void registerReferenceMath(KernelRegistry& registry);

namespace reference {

// One for each file of this folder.
void registerActivations(KernelRegistry& registry);
void registerArgReductions(KernelRegistry& registry);
void registerBinary(KernelRegistry& registry);
void registerComparisons(KernelRegistry& registry);
void registerConvolution(KernelRegistry& registry);
void registerConvTranspose(KernelRegistry& registry);
void registerCumulative(KernelRegistry& registry);
void registerDeformableConvolution(KernelRegistry& registry);
void registerDeterminant(KernelRegistry& registry);
void registerDynamicLstm(KernelRegistry& registry);
void registerEinsum(KernelRegistry& registry);  // after MatMul, which it is made of
void registerFused(KernelRegistry& registry);   // after what it fuses
void registerGlobalPooling(KernelRegistry& registry);
void registerGroupQueryAttention(KernelRegistry& registry);
void registerIntegerMatMul(KernelRegistry& registry);
void registerLayerNormalization(KernelRegistry& registry);
void registerMatMul(KernelRegistry& registry);
void registerNonMaxSuppression(KernelRegistry& registry);
void registerNormalization(KernelRegistry& registry);
void registerPooling(KernelRegistry& registry);
void registerQLinearConv(KernelRegistry& registry);
void registerQLinearElementwise(KernelRegistry& registry);
void registerQLinearPooling(KernelRegistry& registry);
void registerQuantizeLinear(KernelRegistry& registry);
void registerQuantizedProduct(KernelRegistry& registry);  // after the integer operators
void registerRecurrent(KernelRegistry& registry);
void registerReductions(KernelRegistry& registry);
void registerSmallWeights(KernelRegistry& registry);
void registerRegionPooling(KernelRegistry& registry);
void registerSoftmax(KernelRegistry& registry);
void registerRandom(KernelRegistry& registry);
void registerSpectra(KernelRegistry& registry);
void registerUnary(KernelRegistry& registry);

}  // namespace reference

}  // namespace quant
