#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <optional>

#include "onnx_io/upgrade_node.h"

// What ONNX's version converter gets wrong, or does in a roundabout way.

namespace quant {

/// The node at the new opset, where that takes no more than another attribute or constant.
///
/// Softmax, LogSoftmax and Hardmax: before opset 13 they work on all axes from `axis` on as if they were one; where at
/// most one of these has a size other than 1 that is the same as working on that one.
/// PRelu: before opset 7 a slope for each channel has one axis; then it is broadcast like any other operand, which the
/// converter does not know.
std::optional<UpgradedNode> upgradeDirectly(const onnx::NodeProto& node, int64_t from, int64_t to,
                                            const NodeScope& scope);

/// The node without outputs that nobody reads, which newer definitions do not have (BatchNormalization, Dropout).
onnx::NodeProto withoutUnreadOutputs(const onnx::NodeProto& node, const NodeScope& scope);

/// Corrects what the converter made of `original`. Throws (unsupported) with the reason alone.
void repair(UpgradedNode& upgraded, const onnx::NodeProto& original, int64_t from, int64_t to, const NodeScope& scope);

}  // namespace quant
