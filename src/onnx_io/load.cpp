#include "onnx_io/load.h"

#include "core/error.h"
#include "graph/onnx_message.h"
#include "onnx_io/check.h"
#include "onnx_io/external_data.h"
#include "onnx_io/inline_functions.h"
#include "onnx_io/model_file.h"
#include "onnx_io/unbind.h"
#include "onnx_io/upgrade.h"

namespace quant {

namespace {

constexpr int64_t kOldestOpset = 9;

Graph checked(onnx::ModelProto model, const std::filesystem::path& folder, const LoadOptions& options) {
  checkVersions(model);
  checkTensors(model);
  ExternalData external(folder);
  external.embedNested(model);
  dropSizesOfUnbind(model);
  Graph graph(std::move(model));
  external.attach(graph);
  graph.verify();
  checkGraph(graph);
  if (options.inline_functions && graph.rest().functions_size() > 0) {
    inlineFunctions(graph);
    graph.verify();
    checkGraph(graph);
  }
  graph.inferShapes();
  if (const int64_t opset = graph.opset(); opset != 0 && opset < std::max(kOldestOpset, options.min_opset)) {
    upgradeOpset(graph, std::max(kOldestOpset, options.min_opset));
    graph.inferShapes();
  }
  return graph;
}

}  // namespace

Graph load(const std::filesystem::path& path, const LoadOptions& options) {
  onnx::ModelProto model = readModelFile(path);
  auto code = ExitCode::kBadInput;
  std::string reason;
  try {
    return checked(std::move(model), path.parent_path(), options);
  } catch (const Error& error) {
    code = error.code();
    reason = error.what();
  } catch (const std::exception& error) {  // of ONNX's checker, or memory that a damaged file asks for
    reason = onnxMessage(error.what());
  }
  throw Error(code, printable(fmt::format("cannot load '{}': {}", path.string(), reason)));
}

}  // namespace quant
