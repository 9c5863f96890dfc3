#pragma once

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/data_type.h"
#include "graph/graph.h"
#include "graph/node.h"
#include "graph/subgraphs.h"
#include "graph/tensor_proto.h"
#include "runtime/control_flow/control_flow.h"
#include "runtime/kernel.h"
#include "runtime/lowering/expand_functions.h"
#include "support/tensor_compare.h"

namespace quant::test {

/// A model with inputs and the outputs it must give, as ONNX ships them: model.onnx, test_data_set_0/input_0.pb, ...
struct OnnxCase {
  std::string name;
  std::filesystem::path folder;
};

/// The cases of a folder, by name.
inline std::vector<OnnxCase> casesIn(const std::filesystem::path& suite) {
  std::vector<OnnxCase> cases;
  for (const auto& entry : std::filesystem::directory_iterator(suite)) {
    if (std::filesystem::exists(entry.path() / "model.onnx")) {
      cases.push_back({entry.path().filename().string(), entry.path()});
    }
  }
  std::ranges::sort(cases, {}, &OnnxCase::name);
  return cases;
}

template <class Message>
Message readMessage(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Message message;
  if (!message.ParseFromIstream(&file)) throw std::runtime_error("cannot read " + path.string());
  return message;
}

inline onnx::ModelProto modelOf(const OnnxCase& test) {
  return readMessage<onnx::ModelProto>(test.folder / "model.onnx");
}

/// "input_0.pb", "input_1.pb", ... of a data set, as far as they are there.
inline std::vector<Tensor> tensorsIn(const std::filesystem::path& data_set, const std::string& prefix) {
  std::vector<Tensor> tensors;
  for (int i = 0;; ++i) {
    const auto path = data_set / (prefix + "_" + std::to_string(i) + ".pb");
    if (!std::filesystem::exists(path)) return tensors;
    tensors.push_back(tensorFromProto(readMessage<onnx::TensorProto>(path)));
  }
}

inline std::vector<std::filesystem::path> dataSetsOf(const OnnxCase& test) {
  std::vector<std::filesystem::path> sets;
  for (const auto& entry : std::filesystem::directory_iterator(test.folder)) {
    if (entry.is_directory()) sets.push_back(entry.path());
  }
  std::ranges::sort(sets);
  return sets;
}

/// ONNX's numbers for inverse transforms hold what float32 sums leave where the result is zero.
inline Tolerance toleranceFor(const OnnxCase& test) {
  return test.name.starts_with("test_dft_inverse") ? Tolerance{.relative = 1e-3, .absolute = 1e-6} : Tolerance{};
}

inline std::string elementTypeName(int32_t type) {
  std::string name = onnx::TensorProto_DataType_Name(static_cast<onnx::TensorProto_DataType>(type));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

inline std::optional<std::string> reasonAgainstType(int32_t type) {
  if (type == onnx::TensorProto::STRING) return "string tensors";
  if (type == onnx::TensorProto::COMPLEX64 || type == onnx::TensorProto::COMPLEX128) return "complex numbers";
  if (type != onnx::TensorProto::UNDEFINED && elementBits(static_cast<DataType>(type)) == 0) {
    return "element type " + elementTypeName(type);
  }
  return std::nullopt;
}

inline std::optional<std::string> reasonAgainstValue(const onnx::ValueInfoProto& value) {
  if (!value.has_type()) return std::nullopt;  // of a body: whatever comes
  if (value.type().has_tensor_type()) return reasonAgainstType(value.type().tensor_type().elem_type());
  return "sequences, optionals or maps";
}

/// Why a node cannot be run, from what its operator and attributes say.
inline std::optional<std::string> reasonAgainstNode(const onnx::NodeProto& proto, int64_t opset,
                                                    const KernelRegistry& registry) {
  const Node node(proto);
  for (const auto& attribute : proto.attribute()) {
    if (!attribute.has_t()) continue;
    if (auto reason = reasonAgainstType(attribute.t().data_type())) return reason;
  }
  if (node.is("Cast")) {
    if (auto reason = reasonAgainstType(static_cast<int32_t>(node.attr("to", int64_t{0})))) return reason;
  }
  if (isControlFlow(node, opset)) return std::nullopt;
  if (node.is("BatchNormalization") && node.attr("training_mode", int64_t{0}) != 0) return "training mode";
  if (registry.find(node.domain(), node.opType(), std::max<int64_t>(opset, 1)) == nullptr) {
    const std::string domain(node.domain());
    return "operator " + domain + (domain.empty() ? "" : ".") + node.opType() + " is not registered";
  }
  return std::nullopt;
}

inline int64_t opsetOf(const onnx::ModelProto& model, const std::string& domain) {
  for (const auto& import : model.opset_import()) {
    if (import.domain() == domain) return import.version();
  }
  return 0;
}

inline std::optional<std::string> reasonAgainstValues(const onnx::GraphProto& graph) {
  for (const auto* values : {&graph.input(), &graph.output(), &graph.value_info()}) {
    for (const auto& value : *values) {
      if (auto reason = reasonAgainstValue(value)) return reason;
    }
  }
  return std::nullopt;
}

/// Why a graph, or a body inside, is outside what the runtime does.
inline std::optional<std::string> reasonAgainstGraph(const onnx::GraphProto& graph, const onnx::ModelProto& model,
                                                     const KernelRegistry& registry) {
  auto reason = reasonAgainstValues(graph);
  for (const auto& node : graph.node()) {
    if (!reason) reason = reasonAgainstNode(node, opsetOf(model, node.domain()), registry);
    forEachSubgraph(node, [&](const onnx::GraphProto& body) {
      if (!reason) reason = reasonAgainstGraph(body, model, registry);
    });
  }
  return reason;
}

/// Why a model is outside what the runtime does, found without running it; nothing when it must run.
inline std::optional<std::string> reasonToSkip(const onnx::ModelProto& model, const KernelRegistry& registry) {
  if (model.functions_size() > 0) return "functions inside the model";
  if (auto reason = reasonAgainstValues(model.graph())) return reason;
  Graph graph(model);
  expandFunctions(graph, registry);
  const onnx::ModelProto expanded = std::move(graph).release();
  return reasonAgainstGraph(expanded.graph(), expanded, registry);
}

}  // namespace quant::test
