#pragma once

#include <set>
#include <string>

#include "graph/graph.h"
#include "runtime/backend.h"

namespace quant {

/// The domain of the fused operators that lowering makes. They never stand in a file.
inline constexpr const char* kFusedDomain = "quantize";

/// Turns a graph into the one that is run: groups of nodes that one kernel computes become one node. A value in
/// `watched` is never fused away. Safe to call on a graph whose types were not inferred, but what needs equal shapes
/// (residuals) is found only where they are known.
void lower(Graph& graph, Backend backend, const std::set<std::string>& watched);

/// The nodes of which an export makes Gelu (x * (1 + erf(x / √2)) / 2 in any order, and its approximation by tanh) and
/// Swish (x * sigmoid(x), x * sigmoid(1.702 x)) become that operator. Returns how many it made.
int replaceActivations(Graph& graph, const std::set<std::string>& watched);

/// Equal QuantizeLinear (and DequantizeLinear) nodes of one value become one, and a QuantizeLinear of a constant the
/// integers. Returns how many nodes went.
int simplifyQuantization(Graph& graph, const std::set<std::string>& watched);

/// A BatchNormalization between a Conv of integers and the QuantizeLinear behind it goes into the Conv's weights and
/// bias, as do scales for each channel of what depthwise convolutions read. Returns how many Conv it changed.
int absorbChannelFactors(Graph& graph, const std::set<std::string>& watched);

/// DequantizeLinear -> operator -> QuantizeLinear   becomes   the operator's integer form (QLinearConv, QLinearAdd,
/// com.microsoft QGemm, or the operator itself where it only moves elements); products whose results stay real become
/// QConv and QMatMul (runtime/quantized_product.h), functions of one number tables (Lookup). A DequantizeLinear moves
/// behind what only moves elements. Returns how many groups it made.
int fuseQuantizedGroups(Graph& graph, const std::set<std::string>& watched);

/// com.microsoft's MatMulNBits of constant weights   becomes   a MatMul of the real ones. Returns how many it made.
int unpackWeights(Graph& graph);

/// Of the same groups, those that become operators of ONNX's own: QLinearConv, QLinearMatMul, MatMulInteger, and what
/// only moves elements. So their meaning is that of the fused groups. Returns how many groups it made.
int fuseStandardGroups(Graph& graph);

/// MatMulInteger or ConvInteger -> Cast -> times the scales -> + bias -> activation   becomes   one QMatMul or QConv,
/// as do com.microsoft's MatMulIntegerToFloat and DynamicQuantizeMatMul. Returns how many it changed.
int fuseDynamicProducts(Graph& graph, const std::set<std::string>& watched);

/// Mul by a constant for each channel along the last axis -> QuantizeLinear   becomes   one LevelledQuantizeLinear,
/// which goes through the value once. Returns how many it made.
int fuseLevelledQuantization(Graph& graph, const std::set<std::string>& watched);

/// MatMul -> times a number -> + mask -> Softmax -> MatMul, of floats or of 8-bit integers, with the Transpose and
/// QuantizeLinear nodes around them   becomes   one FusedAttention or QAttention (runtime/fused_attention.h). Returns
/// how many it made.
int fuseAttention(Graph& graph, const std::set<std::string>& watched);

/// Conv, ConvTranspose, Gemm, MatMul -> + bias -> + residual -> activation   becomes   one FusedConv,
/// FusedConvTranspose, FusedGemm, FusedMatMul. Returns how many it made.
int fuseFloatChains(Graph& graph, const std::set<std::string>& watched);

}  // namespace quant
