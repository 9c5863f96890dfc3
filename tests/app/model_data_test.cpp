#include "app/model_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

Graph graphThatSays(const std::string& metadata) {
  Graph graph = test::parseGraph("g (float[1,1,8,8] x) => (float[1,1,8,8] y) { y = Relu(x) }");
  graph.setMetadata(kPreprocessKey, metadata);
  return graph;
}

TEST(RequestedPreprocess, TakesWhatTheModelSays) {
  const Graph graph = graphThatSays(R"({"color": "bgr"})");
  EXPECT_EQ(requestedPreprocess(graph, {}).color, Color::kBgr);
}

TEST(RequestedPreprocess, AFlagWinsOverTheModel) {
  const Graph graph = graphThatSays(R"({"color": "bgr"})");
  PreprocessOptions options;
  options.fields = {{"color", "gray"}};
  EXPECT_EQ(requestedPreprocess(graph, options).color, Color::kGray);
}

TEST(RequestedPreprocess, NamesTheMetadataThatCannotBeRead) {
  try {
    requestedPreprocess(graphThatSays(R"({"colour": "bgr"})"), {});
    FAIL() << "a wrong field was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    EXPECT_THAT(error.what(), testing::HasSubstr("the model's metadata 'quantize.preprocess'"));
  }
}

}  // namespace
}  // namespace quant
