#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"

namespace quant {

/// One ONNX node. It owns its NodeProto, so fields this program does not know survive unchanged. Inputs and outputs are
/// changed through Graph, which keeps the use-lists right.
class Node {
 public:
  explicit Node(onnx::NodeProto proto);

  [[nodiscard]] const std::string& opType() const { return proto_.op_type(); }
  /// The operator's domain; "" for ONNX's own, also where the file spells it "ai.onnx".
  [[nodiscard]] std::string_view domain() const;
  /// True for an operator of ONNX's own domain with this name.
  [[nodiscard]] bool is(std::string_view op_type) const { return proto_.op_type() == op_type && domain().empty(); }
  [[nodiscard]] const std::string& name() const { return proto_.name(); }
  /// For messages: the name, or the first output's name where the node has none.
  [[nodiscard]] std::string label() const;

  [[nodiscard]] int inputCount() const { return proto_.input_size(); }
  [[nodiscard]] int outputCount() const { return proto_.output_size(); }
  /// The value read at `index`; empty when that optional input is absent.
  [[nodiscard]] const std::string& input(int index) const;
  [[nodiscard]] bool hasInput(int index) const { return !input(index).empty(); }
  /// The value written at `index`; empty when that optional output is absent.
  [[nodiscard]] const std::string& output(int index = 0) const;

  /// An attribute's value, or `fallback` when the node does not have it. Throws (bad input) when it is of another type.
  [[nodiscard]] float attr(std::string_view name, float fallback) const;
  [[nodiscard]] int64_t attr(std::string_view name, int64_t fallback) const;
  [[nodiscard]] std::string attr(std::string_view name, const char* fallback) const;
  [[nodiscard]] std::vector<int64_t> attr(std::string_view name, const std::vector<int64_t>& fallback) const;
  [[nodiscard]] std::vector<float> attr(std::string_view name, const std::vector<float>& fallback) const;
  [[nodiscard]] bool hasAttr(std::string_view name) const { return findAttr(name) != nullptr; }
  /// Null when the node does not have it.
  [[nodiscard]] const onnx::AttributeProto* findAttr(std::string_view name) const;

  void setAttr(std::string_view name, float value);
  void setAttr(std::string_view name, int64_t value);
  void setAttr(std::string_view name, const std::string& value);
  void setAttr(std::string_view name, const std::vector<int64_t>& values);
  void setAttr(std::string_view name, const std::vector<float>& values);
  void removeAttr(std::string_view name);
  void setName(std::string_view name) { proto_.set_name(std::string(name)); }

  [[nodiscard]] const onnx::NodeProto& proto() const { return proto_; }
  /// Values of the surrounding graph that this node's subgraphs (If, Loop, Scan bodies) read.
  [[nodiscard]] const std::vector<std::string>& captures() const { return captures_; }

 private:
  friend class Graph;
  onnx::AttributeProto& obtainAttr(std::string_view name, onnx::AttributeProto::AttributeType type);

  onnx::NodeProto proto_;
  std::vector<std::string> captures_;
};

/// A node of ONNX's own domain, or of `domain`, to hand to Graph::addNode.
onnx::NodeProto makeNode(std::string_view op_type, const std::vector<std::string>& inputs,
                         const std::vector<std::string>& outputs, std::string_view name = "",
                         std::string_view domain = "");

}  // namespace quant
