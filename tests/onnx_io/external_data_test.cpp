#include "onnx_io/external_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "onnx_io/load.h"
#include "onnx_io/model_file.h"
#include "onnx_io/save.h"
#include "support/onnx_text.h"
#include "support/temp_folder.h"

namespace quant {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string bytesOf(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

using Entries = std::vector<std::pair<std::string, std::string>>;

void makeExternal(onnx::TensorProto& tensor, const Entries& entries) {
  tensor.clear_float_data();
  tensor.clear_raw_data();
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : entries) {
    auto& entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
}

class External : public ::testing::Test {
 protected:
  /// A model whose initializer 'w' of shape [3] is described by `entries`.
  fs::path modelWith(const Entries& entries) {
    auto model = test::parseModel("g (float[3] x) => (float[3] y) <float[3] w = {0, 0, 0}> { y = Add(x, w) }");
    makeExternal(*model.mutable_graph()->mutable_initializer(0), entries);
    return inner_.write("model.onnx", model.SerializeAsString());
  }

  std::string complaint(const Entries& entries) {
    const fs::path path = modelWith(entries);
    try {
      (void)load(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput);
      const std::string start = "cannot load '" + path.string() + "': initializer 'w' ";
      const std::string message = error.what();
      EXPECT_EQ(message.substr(0, start.size()), start);
      return message.substr(std::min(start.size(), message.size()));
    }
    return "no error";
  }

  static std::vector<float> valuesOf(const Graph& graph) {
    const auto data = graph.constant("w")->data<float>();
    return {data.begin(), data.end()};
  }

  /// The model's folder, inside one that must not be reached.
  struct Inner : test::TempFolder {
    Inner() { fs::create_directories(path() / "model"); }
    fs::path write(const std::string& name, const std::string& content) const {
      return TempFolder::write("model/" + name, content);
    }
  } inner_;
};

TEST_F(External, IsMappedAndViewed) {
  inner_.write("w.bin", bytesOf({9, 1, 2, 3}));
  const Graph graph = load(modelWith({{"location", "w.bin"}, {"offset", "4"}, {"length", "12"}}));
  EXPECT_THAT(valuesOf(graph), ElementsAre(1, 2, 3));
}

TEST_F(External, NeedsNeitherOffsetNorLength) {
  inner_.write("w.bin", bytesOf({1, 2, 3}));
  EXPECT_THAT(valuesOf(load(modelWith({{"location", "w.bin"}}))), ElementsAre(1, 2, 3));
}

TEST_F(External, MayLieInAFolderBelow) {
  fs::create_directories(inner_ / "model/weights");
  inner_.write("weights/w.bin", bytesOf({1, 2, 3}));
  EXPECT_THAT(valuesOf(load(modelWith({{"location", "weights/w.bin"}}))), ElementsAre(1, 2, 3));
  EXPECT_THAT(valuesOf(load(modelWith({{"location", "./weights/../weights/w.bin"}}))), ElementsAre(1, 2, 3));
}

TEST_F(External, AtAnOddOffsetIsCopiedIntoAlignment) {
  inner_.write("w.bin", std::string(1, '?').append(bytesOf({1, 2, 3})));
  const Graph graph = load(modelWith({{"location", "w.bin"}, {"offset", "1"}}));
  EXPECT_THAT(valuesOf(graph), ElementsAre(1, 2, 3));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(graph.constant("w")->bytes()) % alignof(float), 0U);
}

TEST_F(External, OutlivesItsFile) {
  const fs::path file = inner_.write("w.bin", bytesOf({1, 2, 3}));
  const Graph graph = load(modelWith({{"location", "w.bin"}}));
  fs::remove(file);
  EXPECT_THAT(valuesOf(graph), ElementsAre(1, 2, 3));
}

TEST_F(External, OutsideTheModelsFolderIsRefused) {
  const fs::path secret = inner_.TempFolder::write("secret.bin", bytesOf({1, 2, 3}));
  EXPECT_EQ(complaint({{"location", "../secret.bin"}}),
            "has external data in '../secret.bin', which is outside the model's folder");
  EXPECT_THAT(complaint({{"location", "a/../../secret.bin"}}), HasSubstr("which is outside the model's folder"));
  EXPECT_THAT(complaint({{"location", secret.string()}}), HasSubstr("which is outside the model's folder"));
  EXPECT_THAT(complaint({{"location", ".."}}), HasSubstr("which is outside the model's folder"));
}

TEST_F(External, ALinkToOutsideIsRefused) {
  inner_.TempFolder::write("secret.bin", bytesOf({1, 2, 3}));
  fs::create_symlink("../secret.bin", inner_ / "model/w.bin");
  EXPECT_EQ(complaint({{"location", "w.bin"}}), "has external data in 'w.bin', a link to outside the model's folder");
  fs::create_directory_symlink("..", inner_ / "model/up");
  EXPECT_THAT(complaint({{"location", "up/secret.bin"}}), HasSubstr("a link to outside the model's folder"));
}

TEST_F(External, ALinkInsideTheFolderIsFollowed) {
  inner_.write("real.bin", bytesOf({1, 2, 3}));
  fs::create_symlink("real.bin", inner_ / "model/w.bin");
  EXPECT_THAT(valuesOf(load(modelWith({{"location", "w.bin"}}))), ElementsAre(1, 2, 3));
}

TEST_F(External, AFolderWithTheSameBeginningIsStillOutside) {
  fs::create_directories(inner_ / "model_evil");
  inner_.TempFolder::write("model_evil/w.bin", bytesOf({1, 2, 3}));
  fs::create_directory_symlink("../model_evil", inner_ / "model/sub");
  EXPECT_THAT(complaint({{"location", "sub/w.bin"}}), HasSubstr("a link to outside the model's folder"));
}

TEST_F(External, AMissingFileIsNamed) {
  EXPECT_THAT(complaint({{"location", "gone.bin"}}),
              HasSubstr("has external data in 'gone.bin', but there is no such file"));
}

TEST_F(External, AFolderIsNoData) {
  EXPECT_THAT(complaint({{"location", "."}}), HasSubstr("it is not a regular file"));
}

TEST_F(External, AMissingLocationIsRefused) {
  EXPECT_EQ(complaint({}), "has external data without a location");
  EXPECT_EQ(complaint({{"location", ""}}), "has external data without a location");
}

TEST_F(External, BytesBeyondTheFileAreRefused) {
  inner_.write("w.bin", bytesOf({1, 2, 3}));
  EXPECT_EQ(complaint({{"location", "w.bin"}, {"offset", "4"}}),
            "has external data at bytes 4 to 16 of 'w.bin', which has only 12");
  EXPECT_THAT(complaint({{"location", "w.bin"}, {"offset", "18446744073709551612"}}), HasSubstr("which has only 12"));
}

TEST_F(External, NumbersThatAreNoneAreRefused) {
  inner_.write("w.bin", bytesOf({1, 2, 3}));
  for (const char* const offset : {"x", "-4", "4x", "", "99999999999999999999999"}) {
    EXPECT_EQ(complaint({{"location", "w.bin"}, {"offset", offset}}),
              fmt::format("has external data with offset '{}', expected a number of bytes", offset));
  }
}

TEST_F(External, ALengthThatDoesNotFitTheShapeIsRefused) {
  inner_.write("w.bin", bytesOf({1, 2, 3}));
  EXPECT_EQ(complaint({{"location", "w.bin"}, {"length", "8"}}),
            "of shape [3] has 8 bytes of external data, expected 12");
}

TEST_F(External, DataInBothPlacesIsRefused) {
  auto model = test::parseModel("g (float[1] x) => (float[1] y) <float[1] w = {1}> { y = Add(x, w) }");
  model.mutable_graph()->mutable_initializer(0)->set_data_location(onnx::TensorProto::EXTERNAL);
  const fs::path path = inner_.write("model.onnx", model.SerializeAsString());
  try {
    (void)load(path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("initializer 'w' has data both in this file and in another one"));
  }
}

TEST_F(External, ShapesMayLieOutsideToo) {
  const std::vector<int64_t> shape{3, 2};
  inner_.write("s.bin", {reinterpret_cast<const char*>(shape.data()), 16});
  auto model = test::parseModel("g (float[2,3] x) => (float[3,2] y) <int64[2] s = {3, 2}> { y = Reshape(x, s) }");
  auto& s = *model.mutable_graph()->mutable_initializer(0);
  s.clear_int64_data();
  makeExternal(s, {{"location", "s.bin"}});
  const Graph graph = load(inner_.write("model.onnx", model.SerializeAsString()));
  EXPECT_EQ(graph.valueType("y")->shape, (Shape{3, 2}));
}

TEST_F(External, TensorsInsideNodesAndOfOtherTypesAreEmbedded) {
  inner_.write("w.bin", bytesOf({1, 2, 3}));
  auto model = test::parseModel(R"(g (float[3] x) => (float[3] y) {
      [c] a = Constant <value = float[3] {0, 0, 0}> ()
      y = Add(x, a)
    })");
  makeExternal(*model.mutable_graph()->mutable_node(0)->mutable_attribute(0)->mutable_t(), {{"location", "w.bin"}});
  auto& packed = *model.mutable_graph()->add_initializer();
  packed.set_name("packed");
  packed.set_data_type(onnx::TensorProto::INT4);
  packed.add_dims(3);
  makeExternal(packed, {{"location", "w.bin"}, {"length", "2"}});
  const auto saved = load(inner_.write("model.onnx", model.SerializeAsString())).release().graph();
  EXPECT_EQ(saved.node(0).attribute(0).t().raw_data(), bytesOf({1, 2, 3}));
  EXPECT_EQ(saved.initializer(0).raw_data(), bytesOf({1, 2, 3}).substr(0, 2));
  EXPECT_FALSE(saved.initializer(0).has_data_location());
}

// --- writing ------------------------------------------------------------------------------------------------------

Graph bigGraph() {
  Graph graph =
      test::parseGraph("g (float[1000] x) => (float[1000] y) <float[1] s = {2}> { a = Mul(x, s)  y = Add(a, w) }");
  Tensor w(DataType::kFloat32, {1000});
  for (size_t i = 0; i < 1000; ++i) w.data<float>()[i] = static_cast<float>(i);
  graph.defineConstant("w", std::move(w));
  return graph;
}

TEST_F(External, IsWrittenWhenTheModelWouldBeTooLarge) {
  const fs::path path = inner_ / "out.onnx";
  save(bigGraph(), path, {.max_file_bytes = 2000});
  const auto model = readModelFile(path);
  EXPECT_THAT(inner_.names(), ElementsAre("model", "out.onnx", "out.onnx.data"));
  EXPECT_EQ(fs::file_size(inner_ / "out.onnx.data"), 4000U);
  EXPECT_LT(fs::file_size(path), 2000U);
  ASSERT_EQ(model.graph().initializer_size(), 2);
  EXPECT_NE(model.graph().initializer(0).data_location(), onnx::TensorProto::EXTERNAL);  // too small to move
  EXPECT_EQ(model.graph().initializer(1).external_data(0).value(), "out.onnx.data");
}

TEST_F(External, WrittenIsReadBack) {
  const fs::path path = inner_ / "out.onnx";
  save(bigGraph(), path, {.max_file_bytes = 2000});
  const Graph graph = load(path);
  EXPECT_EQ(graph.constant("w")->data<float>()[999], 999);
}

/// A graph whose "w" is made while it is written, in two pieces; `times` counts how often.
Graph derivedGraph(int& times) {
  Graph graph = bigGraph();
  graph.removeConstant("w");
  graph.defineConstant("w", DerivedConstant{DataType::kFloat32, {1000}, [&times](const ByteSink& sink) {
                                              ++times;
                                              const std::vector<float> half(500, 3.0F);
                                              for (int i = 0; i < 2; ++i) sink(std::as_bytes(std::span(half)));
                                            }});
  return graph;
}

TEST_F(External, DerivedConstantsAreMadeOnceWhileTheyAreWritten) {
  for (const uint64_t max_file_bytes : {2000, 100'000}) {
    const fs::path path = inner_ / "out.onnx";
    int times = 0;
    save(derivedGraph(times), path, {.max_file_bytes = max_file_bytes});
    EXPECT_EQ(times, 1);
    EXPECT_EQ(load(path).constant("w")->data<float>()[999], 3);
  }
}

TEST_F(External, AModelWithDerivedConstantsHasTheBytesThatProtobufWouldWrite) {
  int times = 0;
  const fs::path path = inner_ / "out.onnx";
  save(derivedGraph(times), path);
  Graph graph = derivedGraph(times);
  graph.inferShapes();
  EXPECT_EQ(readFile(path), std::move(graph).release().SerializeAsString());
}

TEST_F(External, MayBeSavedOverTheFilesItIsReadFrom) {
  const fs::path path = inner_ / "out.onnx";
  save(bigGraph(), path, {.max_file_bytes = 2000});
  save(load(path), path, {.max_file_bytes = 2000});
  EXPECT_EQ(load(path).constant("w")->data<float>()[999], 999);
  save(load(path), path);
  EXPECT_EQ(load(path).constant("w")->data<float>()[999], 999);
  EXPECT_EQ(readModelFile(path).graph().initializer(1).raw_data().size(), 4000U);
}

TEST_F(External, EachTensorStartsOnAPage) {
  Graph graph = bigGraph();
  graph.addConstant("v", Tensor::of<float>({300}, std::vector<float>(300, 7.0F)));
  save(std::move(graph), inner_ / "out.onnx", {.max_file_bytes = 2000});
  const auto model = readModelFile(inner_ / "out.onnx");
  EXPECT_EQ(model.graph().initializer(2).external_data(1).value(), "4096");
  EXPECT_EQ(load(inner_ / "out.onnx").constant("v")->data<float>()[299], 7);
}

}  // namespace
}  // namespace quant
