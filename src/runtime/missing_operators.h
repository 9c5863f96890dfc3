#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/error.h"
#include "graph/node.h"

namespace quant {

/// Operators for which there is no kernel, with the nodes that hold them.
class MissingOperators {
 public:
  void add(const Node& node, int64_t opset);
  void add(const MissingOperators& others);
  /// Those of a body of `owner`.
  void addBody(const MissingOperators& body, const Node& owner);
  [[nodiscard]] bool empty() const { return nodes_.empty(); }
  /// "ai.onnx.ml.ZipMap-1 (node 'ZipMap'), Foo-17 (3 nodes)".
  [[nodiscard]] std::string names() const;
  /// One sentence that names them all.
  [[nodiscard]] std::string description() const;

 private:
  std::map<std::string, std::vector<std::string>> nodes_;  // labels, by operator
};

/// An executor cannot be made of this graph: exit code 3.
class MissingOperatorsError : public Error {
 public:
  explicit MissingOperatorsError(MissingOperators operators)
      : Error(ExitCode::kUnsupported, operators.description()), operators_(std::move(operators)) {}
  [[nodiscard]] const MissingOperators& operators() const { return operators_; }

 private:
  MissingOperators operators_;
};

}  // namespace quant
