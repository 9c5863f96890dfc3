#include "onnx_io/save.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/field_comparator.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "onnx_io/load.h"
#include "onnx_io/model_file.h"
#include "support/onnx_text.h"
#include "support/shared_data.h"
#include "support/temp_folder.h"

namespace quant {
namespace {

namespace fs = std::filesystem;
using google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char* const kSmall = "g (float[3] x) => (float[3] y) <float[3] w = {1, 2, 3}> { [sum] y = Add(x, w) }";

TEST(Save, WritesTheSameBytesEachTime) {
  const test::TempFolder folder;
  save(test::parseGraph(kSmall), folder / "a.onnx");
  save(test::parseGraph(kSmall), folder / "b.onnx");
  EXPECT_EQ(readFile(folder / "a.onnx"), readFile(folder / "b.onnx"));
}

TEST(Save, NodesGetNamesOfTheirOwn) {
  const test::TempFolder folder;
  save(test::parseGraph("g (float[3] x) => (float[3] y) { [a] r = Relu(x) [a] e = Exp(r) [a_1] s = Sqrt(e) "
                        "[a] y = Tanh(s) }"),
       folder / "a.onnx");
  std::vector<std::string> names;
  const Graph loaded = load(folder / "a.onnx");
  for (const Node* node : loaded.nodes()) names.push_back(node->name());
  EXPECT_THAT(names, ElementsAre("a", "a_2", "a_1", "a_3"));
}

TEST(Save, LeavesOnlyTheModel) {
  const test::TempFolder folder;
  save(test::parseGraph(kSmall), folder / "a.onnx");
  EXPECT_THAT(folder.names(), ElementsAre("a.onnx"));
}

TEST(Save, MayReplaceTheFileThatWasLoaded) {
  const test::TempFolder folder;
  const auto path = folder.write("m.onnx", test::parseModel(kSmall).SerializeAsString());
  Graph graph = load(path);
  graph.setMetadata("k", "v");
  save(std::move(graph), path);
  EXPECT_EQ(load(path).metadata("k"), "v");
}

TEST(Save, AMissingFolderIsNamed) {
  const test::TempFolder folder;
  try {
    save(test::parseGraph(kSmall), folder / "none" / "m.onnx");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("there is no folder '" + (folder / "none").string() + "'"));
  }
}

TEST(Save, AnInvalidGraphIsABugOfOursAndIsNotWritten) {
  const test::TempFolder folder;
  const char* const kBroken[] = {
      "g (float[3] x) => (float[3] y) { [n] y = Add(x, gone) }",
      "g (float[3] x) => (float[3] y) { [n] y = Softmax <axis = 1.0> (x) }",
      "g (float[3] x) => (float[4] y) { [n] y = Relu(x) }",
  };
  for (const char* const text : kBroken) {
    try {
      save(test::parseGraph(text), folder / "m.onnx");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kInternal);
      EXPECT_THAT(error.what(), HasSubstr("the model to be written is not valid: "));
      EXPECT_THAT(error.what(), HasSubstr("'n'"));
    }
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(Save, RaisesAnOldFormatThatCannotHoldNewConstants) {
  const test::TempFolder folder;
  auto model =
      test::parseModel("g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }", 9);
  model.set_ir_version(3);
  Graph graph(std::move(model));
  graph.setInput(*graph.producer("y"), 0, graph.addConstant("c", Tensor::of<float>({2}, {1, 2})));
  save(std::move(graph), folder / "m.onnx");
  const auto saved = readModelFile(folder / "m.onnx");
  EXPECT_EQ(saved.ir_version(), 4);
  EXPECT_EQ(saved.graph().input_size(), 1);
}

// --- load, then save without change -------------------------------------------------------------------------------

/// What differs between a file and the same model after load and save; empty when nothing does.
std::string changeOf(const fs::path& path, const test::TempFolder& folder) {
  const onnx::ModelProto before = readModelFile(path);
  save(load(path, {.min_opset = 0, .inline_functions = false}), folder / "saved.onnx");
  const onnx::ModelProto after = readModelFile(folder / "saved.onnx");
  std::string report;
  google::protobuf::util::DefaultFieldComparator fields;
  fields.set_treat_nan_as_equal(true);
  MessageDifferencer differencer;
  differencer.set_field_comparator(&fields);
  differencer.ReportDifferencesToString(&report);
  if (differencer.Compare(before, after)) return "";
  return path.string() + ": " + report.substr(0, 500);
}

TEST(SaveWithoutChange, KeepsEverythingThatOnnxCanHold) {
  auto model = test::parseModel(R"(g (float[N,3] x) => (float[N,3] y) <float[3] w = {1, 2, 3}, float[N,3] a> {
      [first] a = Add(x, w)
      [second] b = com.microsoft.Secret <level = 3> (a)
      [third] c = Relu <unknown = "kept"> (b)
      [fourth] y = local.Twice(c)
    })");
  auto& graph = *model.mutable_graph();
  model.set_producer_name("somebody");
  model.set_producer_version("1.2");
  model.set_domain("org.somewhere");
  model.set_model_version(7);
  model.set_doc_string("model");
  graph.set_doc_string("graph");
  graph.mutable_input(0)->set_doc_string("input");
  graph.mutable_node(0)->set_doc_string("node");
  graph.mutable_node(1)->mutable_attribute(0)->set_doc_string("attribute");
  graph.mutable_initializer(0)->set_doc_string("tensor");
  auto& metadata = *model.add_metadata_props();
  metadata.set_key("k");
  metadata.set_value("v");
  auto& node_metadata = *graph.mutable_node(0)->add_metadata_props();
  node_metadata.set_key("n");
  node_metadata.set_value("m");
  auto& annotation = *graph.add_quantization_annotation();
  annotation.set_tensor_name("a");
  auto& scale = *annotation.add_quant_parameter_tensor_names();
  scale.set_key("SCALE_TENSOR");
  scale.set_value("w");
  auto& sparse = *graph.add_sparse_initializer();
  sparse.mutable_values()->set_name("sparse");
  sparse.mutable_values()->set_data_type(onnx::TensorProto::FLOAT);
  sparse.mutable_values()->add_dims(1);
  sparse.mutable_values()->add_float_data(5);
  sparse.mutable_indices()->set_data_type(onnx::TensorProto::INT64);
  sparse.mutable_indices()->add_dims(1);
  sparse.mutable_indices()->add_int64_data(2);
  sparse.add_dims(10);
  auto& local = *model.add_opset_import();
  local.set_domain("local");
  local.set_version(1);
  auto& function = *model.add_functions();
  function.set_name("Twice");
  function.set_domain("local");
  function.add_input("p");
  function.add_output("q");
  function.add_opset_import()->set_version(13);
  *function.add_node() = makeNode("Add", {"p", "p"}, {"q"});
  auto& training = *model.add_training_info()->mutable_algorithm();
  training.set_name("training");
  model.GetReflection()->MutableUnknownFields(&model)->AddVarint(9999, 7);
  graph.GetReflection()->MutableUnknownFields(&graph)->AddFixed32(8888, 7);
  auto& node = *graph.mutable_node(0);
  node.GetReflection()->MutableUnknownFields(&node)->AddLengthDelimited(7777, "from the future");
  auto& tensor = *graph.mutable_initializer(0);
  tensor.GetReflection()->MutableUnknownFields(&tensor)->AddVarint(6666, 1);

  const test::TempFolder folder;
  const auto path = folder.write("m.onnx", model.SerializeAsString());
  EXPECT_EQ(changeOf(path, folder), "");
  EXPECT_EQ(readFile(folder / "saved.onnx"), readFile(path));
}

TEST(SaveWithoutChange, KeepsTheShippedModel) {
  const auto path = fs::path(QUANTIZE_SOURCE_DIR) / "models" / "digits" / "digits.onnx";
  EXPECT_EQ(changeOf(path, test::TempFolder()), "");
}

TEST(SaveWithoutChange, KeepsTheSharedModels) {
  SKIP_WITHOUT_SHARED("models");
  const test::TempFolder folder;
  for (const char* const name : {"efficientnet_lite0.onnx", "resnet8_cifar10.onnx", "minilm_l6.onnx"}) {
    EXPECT_EQ(changeOf(test::sharedFolder() / "models" / name, folder), "");
  }
}

/// Opsets before 9 are raised on load, so those models do change.
bool isRaised(const fs::path& path) {
  const onnx::ModelProto model = readModelFile(path);
  for (const auto& import : model.opset_import()) {
    if (import.domain().empty() && import.version() < 9) return true;
  }
  return false;
}

TEST(SaveWithoutChange, KeepsOnnxsOwnTestModels) {
  const fs::path data = QUANTIZE_ONNX_TEST_DATA;
  if (!fs::exists(data)) GTEST_SKIP() << "ONNX's test data are not installed";
  const test::TempFolder folder;
  int kept = 0, raised = 0;
  for (const auto& entry : fs::recursive_directory_iterator(data)) {
    if (entry.path().extension() != ".onnx") continue;
    if (isRaised(entry.path())) {
      ++raised;
      continue;
    }
    ASSERT_EQ(changeOf(entry.path(), folder), "");
    ++kept;
  }
  std::cout << kept << " models kept, " << raised << " of older opsets passed over\n";
  EXPECT_GT(kept, 1700);
}

}  // namespace
}  // namespace quant
