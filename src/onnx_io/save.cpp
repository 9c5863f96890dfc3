#include "onnx_io/save.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "core/error.h"
#include "core/files.h"
#include "onnx_io/check.h"
#include "onnx_io/external_data.h"
#include "onnx_io/model_file.h"
#include "onnx_io/upgrade.h"

namespace quant {

namespace {

void requireValid(Graph& graph) {
  try {
    graph.verify();
    checkGraph(graph);
    graph.inferShapes();
  } catch (const Error& error) {
    throwInternal("the model to be written is not valid: {}", error.what());
  }
}

/// Bytes of the file, weights included; a little is lost by looking at weights only through their type and shape.
uint64_t fileBytes(const Graph& graph) {
  uint64_t bytes = graph.rest().ByteSizeLong();
  for (const Node* node : graph.nodes()) bytes += node->proto().ByteSizeLong();
  for (const auto& name : graph.constants()) {
    const onnx::TensorProto& tensor = *graph.constantProto(name);
    bytes += std::max<uint64_t>(tensor.ByteSizeLong(), static_cast<uint64_t>(rawSize(tensor)));
  }
  return bytes;
}

/// Before ir_version 4 every initializer had to be declared as an input as well.
constexpr int64_t kFirstFreeInitializers = 4;

bool hasUndeclaredConstant(const Graph& graph) {
  std::set<std::string> declared;
  for (const auto& info : graph.rest().graph().input()) declared.insert(info.name());
  return std::ranges::any_of(graph.constants(), [&](const auto& name) { return !declared.contains(name); });
}

/// onnxruntime refuses graphs in which two nodes have the same name: what was added may have that of a node that was
/// there, and exports repeat names, too. Of several, the first keeps it.
void makeNamesUnique(Graph& graph) {
  const std::vector<Node*> nodes = graph.nodes();
  std::set<std::string> all;
  for (const Node* node : nodes) all.insert(node->name());
  std::set<std::string> given;
  for (Node* node : nodes) {
    if (node->name().empty() || given.insert(node->name()).second) continue;
    const std::string base = node->name();
    std::string name = base;
    for (int i = 1; !all.insert(name).second; ++i) name = fmt::format("{}_{}", base, i);
    given.insert(name);
    node->setName(name);
  }
}

}  // namespace

uint64_t save(Graph graph, const std::filesystem::path& path, const SaveOptions& options) {
  requireValid(graph);
  makeNamesUnique(graph);
  if (graph.rest().ir_version() < kFirstFreeInitializers && hasUndeclaredConstant(graph)) {
    raiseIrVersion(graph, kFirstFreeInitializers);
  }
  PendingFile model_file(path);
  std::optional<PendingFile> data_file;
  if (fileBytes(graph) > std::min(options.max_file_bytes, kModelFileLimit)) {
    std::filesystem::path data_path = path;
    data_path += ".data";
    data_file.emplace(data_path);
    writeExternalData(graph, data_file->path(), data_path.filename().string());
  }
  writeModelFile(std::move(graph), model_file.path());
  const uint64_t bytes =
      std::filesystem::file_size(model_file.path()) + (data_file ? std::filesystem::file_size(data_file->path()) : 0);
  if (data_file) data_file->commit();
  model_file.commit();
  return bytes;
}

}  // namespace quant
