#pragma once

#include "runtime/kernel.h"
#include "runtime/onednn/pair_sums.h"

namespace quant {

/// Puts oneDNN's kernels before those that `registry` holds: an operator that one of them declines (element types,
/// ranks, attributes that oneDNN lacks) is run by the kernel that was there. Adds the fused operators of lowering.
/// `pair_sums` says how operators of 8-bit integers with constant weights add up.
void registerOneDnn(KernelRegistry& registry, onednn::PairSums pair_sums = onednn::PairSums::kExact);

namespace onednn {

// One for each file of this folder.
void registerAttention(KernelRegistry& registry);                            // FusedAttention, QAttention
void registerBinary(KernelRegistry& registry);                               // Add, Mul, ..., Sum, PRelu
void registerConcat(KernelRegistry& registry);                               // Concat, QLinearConcat
void registerConvolution(KernelRegistry& registry);                          // Conv, FusedConv
void registerConvTranspose(KernelRegistry& registry);                        // ConvTranspose, FusedConvTranspose
void registerDynamicQuantize(KernelRegistry& registry);                      // DynamicQuantizeLinear
void registerDynamicLstm(KernelRegistry& registry, PairSums pair_sums);      // after what it is made of
void registerErf(KernelRegistry& registry);                                  // Erf
void registerInt8Convolution(KernelRegistry& registry, PairSums pair_sums);  // QLinearConv, ConvInteger, ...
void registerHalfThroughFloat(KernelRegistry& registry);                     // after all float operators
void registerInt8Elementwise(KernelRegistry& registry);                      // QLinearAdd, QLinearMul, QLinearConcat
void registerInt8MatMul(KernelRegistry& registry, PairSums pair_sums);       // QGemm, QLinearMatMul, MatMulInteger
void registerInt8Pooling(KernelRegistry& registry);        // QLinearGlobalAveragePool, QLinearAveragePool
void registerLineNormalization(KernelRegistry& registry);  // RMSNormalization, InstanceNormalization, ...
void registerMatMul(KernelRegistry& registry);             // Gemm, MatMul, FusedGemm, FusedMatMul
void registerNormalization(KernelRegistry& registry);      // BatchNormalization, LayerNormalization, LRN, ...
void registerPooling(KernelRegistry& registry);            // MaxPool, AveragePool
void registerQuantizeLinear(KernelRegistry& registry);     // QuantizeLinear
void registerQuantizedProduct(KernelRegistry& registry, PairSums pair_sums);  // QConv, QMatMul
void registerRecurrent(KernelRegistry& registry);                             // LSTM, GRU, RNN
void registerReductions(KernelRegistry& registry);  // ReduceMean, ..., GlobalAveragePool, GlobalMaxPool
void registerResize(KernelRegistry& registry);      // Resize, Upsample
void registerSoftmax(KernelRegistry& registry);     // Softmax, LogSoftmax
void registerUnary(KernelRegistry& registry);       // Relu, Sigmoid, Clip, ...

}  // namespace onednn
}  // namespace quant
