#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <unordered_map>
#include <unordered_set>

namespace quant {

/// Every name in a model and every value that something reads, subgraphs and functions included.
class ValueNames {
 public:
  explicit ValueNames(const onnx::ModelProto& model);

  [[nodiscard]] bool isRead(const std::string& value) const { return read_.contains(value); }
  /// A name that nothing has, from now on taken: `base`, or `base_1`, ...
  std::string unique(const std::string& base);

 private:
  void collect(const onnx::GraphProto& graph);
  void collect(const onnx::NodeProto& node);

  std::unordered_set<std::string> taken_, read_;
  std::unordered_map<std::string, int> last_suffix_;
};

}  // namespace quant
