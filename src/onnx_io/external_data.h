#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "core/files.h"
#include "graph/graph.h"

namespace quant {

/// Tensors whose elements lie in files beside the model. Untrusted: a location must be a relative path that stays
/// inside the model's folder, also through symbolic links, and the bytes must be there. All throw (bad input) with the
/// reason.
class ExternalData {
 public:
  /// Files are looked for in `folder`, the model's.
  explicit ExternalData(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Copies what tensors inside nodes and functions need into the model: attributes and initializers of subgraphs.
  void embedNested(onnx::ModelProto& model);
  /// Lets the graph's initializers view their elements where they lie. The files stay mapped as long as they are used.
  void attach(Graph& graph);

 private:
  struct Piece {
    std::shared_ptr<const MappedFile> file;
    std::span<const std::byte> bytes;
  };
  [[nodiscard]] Piece find(const onnx::TensorProto& tensor);
  [[nodiscard]] std::shared_ptr<const MappedFile> open(const std::string& location);
  void embed(onnx::TensorProto& tensor);
  void embedIn(onnx::NodeProto& node);
  void attachConstant(Graph& graph, const std::string& name);

  std::filesystem::path folder_;
  std::map<std::string, std::shared_ptr<const MappedFile>> files_;  // by location
};

/// Bytes of the graph's initializers that lie in other files than the model.
uint64_t externalBytes(const Graph& graph);

/// The files in `folder`, the model's, that the graph's initializers lie in.
std::set<std::filesystem::path> externalFiles(const Graph& graph, const std::filesystem::path& folder);

/// Writes the elements of every large initializer to `file` and makes the graph refer to them as `location`.
void writeExternalData(Graph& graph, const std::filesystem::path& file, const std::string& location);

}  // namespace quant
