#include "onnx_io/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/onnx_text.h"
#include "support/temp_folder.h"

namespace quant {
namespace {

using test::parseModel;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const char* const kSmall = "g (float[1,3] x) => (float[1,3] y) <float[3] w = {1, 2, 3}> { [sum] y = Add(x, w) }";

class Load : public ::testing::Test {
 protected:
  struct Failure {
    ExitCode code;
    std::string message;
  };

  Failure failureOf(const std::filesystem::path& path) {
    try {
      (void)load(path);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string())) << "the file must be named";
      EXPECT_THAT(error.what(), Not(HasSubstr("\n"))) << "one line";
      return {error.code(), error.what()};
    }
    return {ExitCode::kOk, "no error"};
  }
  Failure failureOf(const onnx::ModelProto& model) { return failureOf(write(model)); }

  /// The message behind the file's name; checks that it is the user's file that is wrong.
  std::string complaint(const onnx::ModelProto& model) {
    const Failure failure = failureOf(model);
    EXPECT_EQ(failure.code, ExitCode::kBadInput) << failure.message;
    const std::string start = "cannot load '" + (folder_ / "model.onnx").string() + "': ";
    EXPECT_THAT(failure.message, StartsWith(start));
    return failure.message.substr(std::min(start.size(), failure.message.size()));
  }
  std::string complaint(const std::string& text, int opset = 13) { return complaint(parseModel(text, opset)); }

  std::string contentComplaint(const std::string& content) {
    const Failure failure = failureOf(folder_.write("file.onnx", content));
    EXPECT_EQ(failure.code, ExitCode::kBadInput);
    return failure.message.substr(failure.message.find("' ") + 2);
  }

  std::filesystem::path write(const onnx::ModelProto& model) {
    return folder_.write("model.onnx", model.SerializeAsString());
  }

  test::TempFolder folder_;
};

// --- files that are no models -------------------------------------------------------------------------------------

TEST_F(Load, AMissingFile) {
  const Failure failure = failureOf(folder_ / "none.onnx");
  EXPECT_EQ(failure.code, ExitCode::kBadInput);
  EXPECT_THAT(failure.message, HasSubstr("No such file or directory"));
}

TEST_F(Load, AFolder) { EXPECT_THAT(failureOf(folder_.path()).message, HasSubstr("it is not a regular file")); }

TEST_F(Load, AnEmptyFile) { EXPECT_EQ(contentComplaint(""), "is not an ONNX model: it is empty"); }

TEST_F(Load, FilesOfOtherKindsAreRecognised) {
  EXPECT_THAT(contentComplaint("just some words\n"), HasSubstr("looks like text"));
  EXPECT_THAT(contentComplaint("<!DOCTYPE html><html>"), HasSubstr("a web page"));
  EXPECT_THAT(contentComplaint("version https://git-lfs.github.com/spec/v1\n"), HasSubstr("a Git LFS pointer"));
  EXPECT_THAT(contentComplaint(std::string("PK\x03\x04\x00\x00\xFF", 7)), HasSubstr("a zip archive"));
  EXPECT_THAT(contentComplaint(std::string("\x1C\x00\x00\x00TFL3\x00\xFF", 10)), HasSubstr("a TensorFlow Lite model"));
  EXPECT_THAT(contentComplaint("\x89HDF\r\n\x1A\n\xFF"), HasSubstr("an HDF5 file"));
  EXPECT_THAT(contentComplaint("\x80\x02}q\x01\xFF"), HasSubstr("a Python pickle"));
}

TEST_F(Load, ATruncatedModel) {
  const std::string whole = parseModel(kSmall).SerializeAsString();
  EXPECT_EQ(
      contentComplaint(whole.substr(0, whole.size() - 20)),
      fmt::format("is not an ONNX model, or it is truncated or damaged: its {} B cannot be parsed", whole.size() - 20));
}

TEST_F(Load, ATensorFileIsNoModel) {
  onnx::TensorProto tensor;
  tensor.add_dims(2);
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  tensor.set_raw_data(std::string("\x00\xFF\x00\xFF\x00\xFF\x00\xFF", 8));
  EXPECT_EQ(contentComplaint(tensor.SerializeAsString()), "is not an ONNX model: it holds no graph");
}

// --- versions -----------------------------------------------------------------------------------------------------

TEST_F(Load, EveryOpsetFromNineToTheNewest) {
  for (int opset = 9; opset <= 28; ++opset) {
    auto model = parseModel("g (float[1,3] x) => (float[1,3] y) { y = Relu(x) }", opset);
    EXPECT_EQ(load(write(model)).opset(), opset);
  }
}

TEST_F(Load, AnOlderOpsetIsRaisedToNine) {
  auto model =
      parseModel("g (float[1,1,2,2] x) => (float[1,1,4,4] y) { y = Upsample <scales = [1.0, 1.0, 2.0, 2.0]> (x) }", 8);
  const Graph graph = load(write(model));
  EXPECT_EQ(graph.opset(), 9);
  EXPECT_EQ(graph.producer("y")->inputCount(), 2);
}

TEST_F(Load, AModelIsRaisedWhenAsked) {
  const auto path = write(parseModel(kSmall, 9));
  EXPECT_EQ(load(path, {.min_opset = 13}).opset(), 13);
  EXPECT_EQ(load(path, {.min_opset = 9}).opset(), 9);
}

TEST_F(Load, ANewerOpsetIsUnsupported) {
  const Failure failure = failureOf(parseModel(kSmall, 99));
  EXPECT_EQ(failure.code, ExitCode::kUnsupported);
  EXPECT_THAT(failure.message, HasSubstr("its opset (99) is newer than this program knows (28)"));
}

TEST_F(Load, ANewerFormatIsUnsupported) {
  auto model = parseModel(kSmall);
  model.set_ir_version(99);
  const Failure failure = failureOf(model);
  EXPECT_EQ(failure.code, ExitCode::kUnsupported);
  EXPECT_THAT(failure.message, HasSubstr("its format (ir_version 99) is newer than this program knows (14)"));
}

TEST_F(Load, AnOldBodyThatWouldHaveToChangeIsUnsupported) {
  const auto path = std::filesystem::path(QUANTIZE_ONNX_TEST_DATA) / "node" / "test_scan_sum" / "model.onnx";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "ONNX's test data are not installed";
  const Failure failure = failureOf(path);
  EXPECT_EQ(failure.code, ExitCode::kUnsupported);
  EXPECT_THAT(failure.message, HasSubstr("(Scan) cannot be raised from opset 8 to 9: its body would have to change"));
}

TEST_F(Load, MissingOrContradictoryVersions) {
  auto model = parseModel(kSmall);
  model.clear_opset_import();
  EXPECT_EQ(complaint(model), "it imports no opset");
  model = parseModel(kSmall);
  model.clear_ir_version();
  EXPECT_THAT(complaint(model), HasSubstr("it says no ir_version"));
  model = parseModel(kSmall);
  model.mutable_opset_import(1)->set_domain("ai.onnx");
  EXPECT_THAT(complaint(model), HasSubstr("in two versions, 13 and 1"));
}

// --- graphs -------------------------------------------------------------------------------------------------------

TEST_F(Load, ACycle) {
  EXPECT_EQ(complaint("g (float[1] x) => (float[1] y) { [a] p = Add(x, q)  [b] q = Neg(p)  y = Abs(q) }"),
            "the graph has a cycle: node 'a' (Add) waits for its own result");
}

TEST_F(Load, ADanglingValue) {
  EXPECT_EQ(complaint("g (float[1] x) => (float[1] y) { [conv1] y = Add(x, w0) }"),
            "node 'conv1' (Add) reads 'w0', which nothing produces");
}

TEST_F(Load, AnOutputOfNothing) {
  EXPECT_EQ(complaint("g (float[1] x) => (float[1] y) { z = Neg(x) }"), "nothing produces the graph's output 'y'");
}

TEST_F(Load, TwoProducers) {
  EXPECT_EQ(complaint("g (float[1] x) => (float[1] y) { [a] y = Neg(x)  [b] y = Abs(x) }"),
            "node 'b' (Abs) produces 'y', which something else produces too");
}

TEST_F(Load, TwoInputsOfAName) {
  EXPECT_EQ(complaint("g (float[1] x, float[1] x) => (float[1] y) { y = Neg(x) }"),
            "the graph has two inputs named 'x'");
}

TEST_F(Load, AnUnsortedModelIsSorted) {
  const Graph graph = load(write(parseModel("g (float[1] x) => (float[1] y) { y = Abs(a)  a = Neg(x) }")));
  EXPECT_EQ(test::opTypes(graph), (std::vector<std::string>{"Neg", "Abs"}));
}

TEST_F(Load, AGraphWithoutOutputs) {
  EXPECT_EQ(complaint("g (float[1] x) => () { y = Neg(x) }"), "the graph has no outputs");
}

// --- nodes --------------------------------------------------------------------------------------------------------

TEST_F(Load, AnAttributeOfTheWrongType) {
  EXPECT_EQ(complaint("g (float[2,3] x) => (float[2,3] y) { [s] y = Softmax <axis = 1.0> (x) }"),
            "node 's' (Softmax): Mismatched attribute type in 's : axis'. Expected: 'INT', actual: 'FLOAT'");
}

TEST_F(Load, AMissingAttribute) {
  EXPECT_EQ(complaint("g (float[2,3] x) => (float y) { [c] y = Cast(x) }"),
            "node 'c' (Cast): Required attribute 'to' is missing.");
}

TEST_F(Load, TheWrongNumberOfInputs) {
  EXPECT_THAT(complaint("g (float[2,3] x) => (float[2,3] y) { [c] y = Conv(x) }"),
              HasSubstr("node 'c' (Conv): Node(c) with schema(::Conv:11) has input size 1"));
}

TEST_F(Load, AnOperatorThatOnlyANewerOpsetHasIsUnsupported) {
  const Failure failure = failureOf(parseModel("g (float[2,3] x) => (float[2,3] y) { [f] y = Gelu(x) }"));
  EXPECT_EQ(failure.code, ExitCode::kUnsupported);
  EXPECT_THAT(failure.message, HasSubstr("node 'f' (Gelu): No Op registered for Gelu with domain_version of 13"));
}

TEST_F(Load, APluginInOnnxsOwnDomainIsKept) {
  const Graph graph =
      load(write(parseModel("g (float[2,3] x) => (float[2,3] y) { [f] y = EfficientNMS_TRT<a = 1>(x) }")));
  EXPECT_EQ(graph.nodes().front()->opType(), "EfficientNMS_TRT");
}

TEST_F(Load, ADomainThatIsNotImported) {
  EXPECT_EQ(complaint("g (float[2,3] x) => (float[2,3] y) { [f] y = com.acme.Foo(x) }"),
            "node 'f' (Foo): No opset import for domain 'com.acme'");
}

TEST_F(Load, NodesOfSubgraphsAreChecked) {
  EXPECT_THAT(complaint(R"(g (bool c, float[2] x) => (float[2] y) {
      [i] y = If(c) <then_branch = t () => (float[2] p) { p = Gelu(x) }, else_branch = e () => (float[2] q) { q = Neg(x) }>
    })"),
              HasSubstr("node 'i' (If): No Op registered for Gelu"));
}

TEST_F(Load, APluginInABodyIsKept) {
  const Graph graph = load(write(parseModel(R"(g (bool c, float[2] x) => (float[2] y) {
      [i] y = If(c) <then_branch = t () => (float[2] p) { p = Unheard(x) }, else_branch = e () => (float[2] q) { q = Neg(x) }>
    })")));
  EXPECT_EQ(graph.nodes().front()->findAttr("then_branch")->g().node(0).domain(), "");
}

TEST_F(Load, OperatorsOfOtherDomainsAndUnknownAttributesAreKept) {
  const Graph graph = load(write(parseModel(R"(g (float[2,3] x) => (float[2,3] y) {
      a = com.microsoft.Secret <level = 3> (x)
      b = Relu <note = "kept"> (a)
      y = Neg(b)
    })")));
  EXPECT_EQ(graph.producer("a")->attr("level", int64_t{0}), 3);
  EXPECT_EQ(graph.producer("b")->attr("note", ""), "kept");
}

// --- shapes and types ---------------------------------------------------------------------------------------------

TEST_F(Load, ShapesThatContradict) {
  EXPECT_THAT(complaint("g (float[2,3] a, float[4,5] b) => (float[2,5] y) { [mm] y = MatMul(a, b) }"),
              HasSubstr("node 'mm' (MatMul): Incompatible dimensions"));
  EXPECT_THAT(complaint("g (float[2,3] x) => (float[2,4] y) { [r] y = Relu(x) }"), HasSubstr("node 'r' (Relu): "));
}

TEST_F(Load, TypesThatContradict) {
  EXPECT_THAT(complaint("g (float[2] x, int64[2] z) => (float[2] y) { [sum] y = Add(x, z) }"),
              HasSubstr("node 'sum' (Add): "));
}

TEST_F(Load, AnInitializerWithTooLittleData) {
  auto model = parseModel(kSmall);
  model.mutable_graph()->mutable_initializer(0)->set_dims(0, 4);
  EXPECT_EQ(complaint(model), "initializer 'w' of shape [4] holds 3 elements of data, expected 4");
}

TEST_F(Load, AnInitializerWithTooMuchData) {
  auto model = parseModel(kSmall);
  auto& w = *model.mutable_graph()->mutable_initializer(0);
  w.clear_float_data();
  w.set_raw_data(std::string(16, '\0'));
  EXPECT_EQ(complaint(model), "initializer 'w' of shape [3] holds 16 bytes of data, expected 12");
}

TEST_F(Load, AnInitializerWithoutData) {
  auto model = parseModel(kSmall);
  model.mutable_graph()->mutable_initializer(0)->clear_float_data();
  EXPECT_EQ(complaint(model), "initializer 'w' of shape [3] holds 0 bytes of data, expected 12");
}

TEST_F(Load, AnInitializerWithTwoKindsOfData) {
  auto model = parseModel(kSmall);
  model.mutable_graph()->mutable_initializer(0)->set_raw_data(std::string(12, '\0'));
  EXPECT_EQ(complaint(model), "initializer 'w' has data both in raw_data and in float_data");
}

TEST_F(Load, AnInitializerWithAnImpossibleShape) {
  auto model = parseModel(kSmall);
  model.mutable_graph()->mutable_initializer(0)->set_dims(0, -3);
  EXPECT_EQ(complaint(model), "initializer 'w' has a negative size in its shape [-3]");
  auto& w = *model.mutable_graph()->mutable_initializer(0);
  w.set_dims(0, int64_t{1} << 40);
  w.add_dims(int64_t{1} << 40);
  EXPECT_THAT(complaint(model), HasSubstr("initializer 'w' has an impossible shape"));
}

TEST_F(Load, AnInitializerOfNoOrAnUnknownType) {
  auto model = parseModel(kSmall);
  model.mutable_graph()->mutable_initializer(0)->set_data_type(0);
  EXPECT_EQ(complaint(model), "initializer 'w' has no element type");
  model.mutable_graph()->mutable_initializer(0)->set_data_type(77);
  const Failure failure = failureOf(model);
  EXPECT_EQ(failure.code, ExitCode::kUnsupported);
  EXPECT_THAT(failure.message, HasSubstr("initializer 'w' has element type 77, which this program does not know"));
}

TEST_F(Load, AnInitializerDeclaredDifferentlyAsAnInput) {
  EXPECT_EQ(complaint("g (float[3] x, float[4] w) => (float[3] y) <float[3] w = {1, 2, 3}> { y = Add(x, w) }"),
            "input 'w' is declared with another type or shape than its initializer");
}

TEST_F(Load, ATensorInsideANodeIsCheckedToo) {
  auto model = parseModel("g () => (float[2] y) { [c] y = Constant <value = float[2] {1, 2}> () }");
  model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_t()->set_dims(0, 3);
  EXPECT_EQ(complaint(model),
            "node 'c' (Constant): attribute 'value' of shape [3] holds 2 elements of data, expected 3");
}

TEST_F(Load, TensorsOfTypesThatCannotBeComputedWithAreKept) {
  auto model = parseModel(kSmall);
  auto& int4 = *model.mutable_graph()->add_initializer();
  int4.set_name("packed");
  int4.set_data_type(onnx::TensorProto::INT4);
  int4.add_dims(3);
  int4.set_raw_data("\x21\x03");
  auto& strings = *model.mutable_graph()->add_initializer();
  strings.set_name("labels");
  strings.set_data_type(onnx::TensorProto::STRING);
  strings.add_dims(2);
  strings.add_string_data("cat");
  strings.add_string_data("dog");
  EXPECT_TRUE(load(write(model)).isConstant("packed"));
}

TEST_F(Load, ANegativeSizeOfAnInputMeansUnknown) {
  auto model = parseModel("g (float[1,3] x) => (float[M,3] y) { y = Relu(x) }");
  model.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->mutable_shape()
      ->mutable_dim(0)
      ->set_dim_value(-1);
  EXPECT_EQ(load(write(model)).valueType("y")->shape, (Shape{-1, 3}));
}

TEST_F(Load, ControlCharactersInNamesDoNotReachTheTerminal) {
  auto model = parseModel("g (float[1] x) => (float[1] y) { [n] y = Add(x, w0) }");
  model.mutable_graph()->mutable_node(0)->set_name("\x1B[31m\n");
  EXPECT_THAT(complaint(model), StartsWith("node '?[31m?' (Add)"));
}

TEST_F(Load, InfersShapes) {
  const Graph graph = load(write(parseModel("g (float[2,3] x) => (float[3,2] y) { a = Relu(x)  y = Transpose(a) }")));
  EXPECT_EQ(graph.valueType("a")->shape, (Shape{2, 3}));
}

}  // namespace
}  // namespace quant
