// The test data that ONNX ships for operators of float, run in 16 bits: what an operator takes by its definition has to
// run on both backends, and to give about the same.
#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include <iostream>
#include <set>

#include "core/half_conversion.h"
#include "runtime/backend.h"
#include "runtime/executor.h"
#include "support/onnx_case.h"

namespace quant::test {
namespace {

using FormalParameters = std::vector<onnx::OpSchema::FormalParameter>;

bool takes(const onnx::OpSchema::FormalParameter& parameter, DataType half) {
  const std::string type = fmt::format("tensor({})", toString(half));
  return std::ranges::any_of(parameter.GetTypes(), [&](const auto* name) { return *name == type; });
}

/// The names that a schema has for its types ("T"), of which some become half.
using TypeNames = std::set<std::string>;

/// Of the inputs that hold float where the operator takes `half`.
TypeNames halfTypes(const onnx::GraphProto& graph, const FormalParameters& parameters, DataType half) {
  TypeNames names;
  for (const auto& value : graph.input()) {
    const auto& inputs = graph.node(0).input();
    const auto at = std::ranges::find(inputs, value.name()) - inputs.begin();
    if (value.type().tensor_type().elem_type() != onnx::TensorProto::FLOAT || at == inputs.size()) continue;
    const auto& parameter = parameters[std::min(static_cast<size_t>(at), parameters.size() - 1)];
    if (takes(parameter, half)) names.insert(parameter.GetTypeStr());
  }
  return names;
}

template <class Values>
void makeHalf(Values& values, const google::protobuf::RepeatedPtrField<std::string>& names,
              const FormalParameters& parameters, const TypeNames& types, DataType half) {
  for (auto& value : values) {
    const auto at = std::ranges::find(names, value.name()) - names.begin();
    auto& tensor = *value.mutable_type()->mutable_tensor_type();
    if (tensor.elem_type() != onnx::TensorProto::FLOAT || at == names.size()) continue;
    const auto& parameter = parameters[std::min(static_cast<size_t>(at), parameters.size() - 1)];
    if (types.contains(parameter.GetTypeStr())) tensor.set_elem_type(static_cast<int32_t>(half));
  }
}

/// The model of one node in `half`; nothing where the operator does not take it, or there is no float in it.
std::optional<onnx::ModelProto> halfModel(onnx::ModelProto model, DataType half) {
  auto& graph = *model.mutable_graph();
  if (graph.node_size() != 1 || graph.initializer_size() != 0) return {};
  const auto& node = graph.node(0);
  const auto opset = static_cast<int>(opsetOf(model, node.domain()));
  const auto* schema = onnx::OpSchemaRegistry::Instance()->GetSchema(node.op_type(), opset, node.domain());
  if (schema == nullptr || schema->inputs().empty() || schema->outputs().empty()) return {};
  const TypeNames types = halfTypes(graph, schema->inputs(), half);
  if (types.empty()) return {};
  makeHalf(*graph.mutable_input(), node.input(), schema->inputs(), types, half);
  makeHalf(*graph.mutable_output(), node.output(), schema->outputs(), types, half);
  return model;
}

Tensor inTypeOf(const onnx::ValueInfoProto& value, Tensor tensor) {
  const auto type = static_cast<DataType>(value.type().tensor_type().elem_type());
  return tensor.type() == type ? std::move(tensor) : toHalf(tensor, type);
}

/// What is wrong with the outputs, or nothing.
std::optional<std::string> runHalf(const OnnxCase& test, const onnx::ModelProto& model, Backend backend,
                                   Tolerance tolerance) {
  const auto& graph = model.graph();
  Executor executor(Graph(model), {.backend = backend, .watched = {}, .fuse = true});
  NamedTensors inputs;
  auto given = tensorsIn(test.folder / "test_data_set_0", "input");
  for (size_t i = 0; i < given.size(); ++i) {
    const auto& input = graph.input(static_cast<int>(i));
    inputs.emplace(input.name(), inTypeOf(input, std::move(given[i])));
  }
  const auto actual = executor.run(inputs);
  auto expected = tensorsIn(test.folder / "test_data_set_0", "output");
  for (size_t i = 0; i < expected.size(); ++i) {
    const Tensor wanted = inTypeOf(graph.output(static_cast<int>(i)), std::move(expected[i]));
    if (auto difference = differenceOf(actual[i], wanted, tolerance)) return difference;
  }
  return std::nullopt;
}

/// Operators whose results say nothing here, and cases that 16 bits cannot hold.
bool isComparable(const OnnxCase& test, const onnx::NodeProto& node, DataType half) {
  static const std::set<std::string> others = {
      "ArgMax",
      "ArgMin",
      "Bernoulli",  // draws at random
      "Ceil",
      "Floor",
      "QuantizeLinear",
      "Tan",  // results jump where inputs move a little
      "BitCast",
      "Cast",
      "DequantizeLinear",
      "Dropout",  // types in attributes; training
      "If",
      "Loop",
      "Scan",             // bodies have types of their own
      "LinearAttention",  // so has its result
  };
  if (others.contains(node.op_type()) || test.name.find("large_number") != std::string::npos) return false;
  // ONNX's definition of this one uses an operator that does not take bfloat16.
  return node.op_type() != "SoftmaxCrossEntropyLoss" || half != DataType::kBFloat16;
}

class OnnxHalf : public testing::TestWithParam<std::tuple<Backend, DataType>> {};

TEST_P(OnnxHalf, RunsWhatTheOperatorTakes) {
  const auto& [backend, half] = GetParam();
  const std::filesystem::path folder = std::filesystem::path(QUANTIZE_ONNX_TEST_DATA) / "node";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "scripts/setup has not put ONNX's test data at " << folder;
  const KernelRegistry registry = kernelsOf(backend);
  const bool is_short = half == DataType::kBFloat16;
  int passed = 0;
  for (const OnnxCase& test : casesIn(folder)) {
    const onnx::ModelProto whole = modelOf(test);
    if (reasonToSkip(whole, registry)) continue;
    const auto model = halfModel(whole, half);
    if (!model || !isComparable(test, model->graph().node(0), half)) continue;
    try {
      const auto difference =
          runHalf(test, *model, backend, {.relative = is_short ? 0.08 : 0.01, .absolute = is_short ? 0.08 : 0.01});
      EXPECT_FALSE(difference) << test.name << ": " << *difference;
      passed += difference ? 0 : 1;
    } catch (const std::exception& error) {
      ADD_FAILURE() << test.name << ": " << error.what();
    }
  }
  std::cout << passed << " cases in " << toString(half) << '\n';
  EXPECT_GE(passed, is_short ? 734 : 788);
}

INSTANTIATE_TEST_SUITE_P(Types, OnnxHalf,
                         testing::Combine(testing::Values(Backend::kReference, Backend::kOneDnn),
                                          testing::Values(DataType::kFloat16, DataType::kBFloat16)),
                         [](const auto& test) {
                           return fmt::format("{}_{}", toString(std::get<0>(test.param)),
                                              toString(std::get<1>(test.param)));
                         });

}  // namespace
}  // namespace quant::test
