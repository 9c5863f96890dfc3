#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/tensor.h"

namespace quant {

/// What the surroundings of a node know.
struct NodeScope {
  /// The type of a value; null when unknown.
  std::function<const onnx::TypeProto*(const std::string& value)> type_of;
  /// The elements of a constant; nothing when `value` is not one.
  std::function<std::optional<Tensor>(const std::string& value)> constant;
  /// True when something reads the value.
  std::function<bool(const std::string& value)> is_read;
  /// `base`, or with a number behind it: a name that nothing has, nor gets a second time.
  std::function<std::string(const std::string& base)> unique_name;
};

/// What a node becomes: nodes in order, and new constants that they read.
struct UpgradedNode {
  std::vector<onnx::NodeProto> nodes;
  std::vector<std::pair<std::string, Tensor>> constants;
};

/// Takes single nodes of ONNX's domain from one opset to a newer one through ONNX's version converter, and repairs what
/// its adapters get wrong.
class NodeUpgrader {
 public:
  NodeUpgrader(int64_t from, int64_t to);
  ~NodeUpgrader();

  /// Nothing when the node means the same at both opsets. Subgraphs are not looked into. Throws (unsupported) when the
  /// node cannot be expressed.
  [[nodiscard]] std::optional<UpgradedNode> upgrade(const onnx::NodeProto& node, const NodeScope& scope) const;

 private:
  class Converter;
  [[nodiscard]] UpgradedNode convert(const onnx::NodeProto& node, const NodeScope& scope) const;

  std::unique_ptr<Converter> converter_;
  int64_t from_, to_;
};

}  // namespace quant
