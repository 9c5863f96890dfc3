// Runs a model on inputs from files and writes what comes out, so that tests in other languages can compare:
//   run_model MODEL reference|onednn FOLDER
//   run_model MODEL lowered
// FOLDER holds SAMPLE/input_0.pb, ... (TensorProto, in the order of the model's inputs) for each sample; output_0.pb,
// ... are written beside them. `lowered` prints the steps that the oneDNN backend runs, one a line.
#include <fstream>
#include <iostream>

#include "core/error.h"
#include "core/files.h"
#include "graph/tensor_proto.h"
#include "onnx_io/load.h"
#include "passes/pass.h"
#include "runtime/executor.h"

namespace quant {
namespace {

namespace fs = std::filesystem;

NamedTensors readInputs(const Graph& graph, const fs::path& sample) {
  NamedTensors inputs;
  int index = 0;
  for (const auto& name : graph.inputs()) {
    onnx::TensorProto proto;
    proto.ParseFromString(readFile(sample / fmt::format("input_{}.pb", index++)));
    inputs[name] = tensorFromProto(proto).clone();
  }
  return inputs;
}

void runAll(const fs::path& model, Backend backend, const fs::path& folder) {
  Graph graph = load(model);
  runPasses(graph, preparationPasses());
  Executor executor(graph, {backend, {}, true});
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto outputs = executor.run(readInputs(graph, entry.path()));
    for (size_t i = 0; i < outputs.size(); ++i) {
      writeFile(entry.path() / fmt::format("output_{}.pb", i),
                protoFromTensor(outputs[i], graph.outputs()[i]).SerializeAsString());
    }
  }
}

void printSteps(const fs::path& model) {
  Graph graph = load(model);
  runPasses(graph, preparationPasses());
  std::cout << dump(Executor(graph).lowered());
}

void runCommand(const std::vector<std::string>& words) {
  if (words.size() == 3 && words[1] == "reference") return runAll(words[0], Backend::kReference, words[2]);
  if (words.size() == 3 && words[1] == "onednn") return runAll(words[0], Backend::kOneDnn, words[2]);
  if (words.size() == 2 && words[1] == "lowered") return printSteps(words[0]);
  throwBadInput("usage: run_model MODEL reference|onednn FOLDER, or run_model MODEL lowered");
}

}  // namespace
}  // namespace quant

int main(int argc, char** argv) {
  try {
    quant::runCommand({argv + 1, argv + argc});
    return 0;
  } catch (const quant::Error& error) {
    std::cerr << error.what() << '\n';
    return static_cast<int>(error.code());
  }
}
