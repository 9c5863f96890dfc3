#include "graph/node.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace quant {
namespace {

using ::testing::ElementsAre;

Node nodeOf(const std::string& op_type) { return Node(makeNode(op_type, {"x", "", "z"}, {"y"}, "n")); }

TEST(Node, HasInputsAndOutputsByIndexAndEmptyNamesBeyond) {
  const Node node = nodeOf("Op");
  EXPECT_EQ(node.input(0), "x");
  EXPECT_FALSE(node.hasInput(1));
  EXPECT_TRUE(node.hasInput(2));
  EXPECT_FALSE(node.hasInput(7));
  EXPECT_EQ(node.output(), "y");
  EXPECT_EQ(node.output(3), "");
}

TEST(Node, KnowsOnnxsDomainUnderBothItsNames) {
  EXPECT_TRUE(Node(makeNode("Relu", {"x"}, {"y"}, "", "ai.onnx")).is("Relu"));
  EXPECT_FALSE(Node(makeNode("Relu", {"x"}, {"y"}, "", "com.acme")).is("Relu"));
  EXPECT_EQ(Node(makeNode("Relu", {"x"}, {"y"}, "", "com.acme")).domain(), "com.acme");
}

TEST(Node, IsLabelledByItsNameOrItsOutput) {
  EXPECT_EQ(nodeOf("Op").label(), "n");
  EXPECT_EQ(Node(makeNode("Op", {}, {"y"})).label(), "(output y)");
}

TEST(NodeAttributes, ComeBackAsTheyWereSet) {
  Node node = nodeOf("Op");
  node.setAttr("f", 1.5F);
  node.setAttr("i", int64_t{7});
  node.setAttr("s", std::string("text"));
  node.setAttr("is", std::vector<int64_t>{1, 2});
  node.setAttr("fs", std::vector<float>{0.5F});
  EXPECT_EQ(node.attr("f", 0.0F), 1.5F);
  EXPECT_EQ(node.attr("i", int64_t{0}), 7);
  EXPECT_EQ(node.attr("s", ""), "text");
  EXPECT_THAT(node.attr("is", std::vector<int64_t>{}), ElementsAre(1, 2));
  EXPECT_THAT(node.attr("fs", std::vector<float>{}), ElementsAre(0.5F));
}

TEST(NodeAttributes, FallBackWhenAbsent) {
  const Node node = nodeOf("Op");
  EXPECT_EQ(node.attr("axis", int64_t{-1}), -1);
  EXPECT_EQ(node.attr("mode", "constant"), "constant");
  EXPECT_FALSE(node.hasAttr("axis"));
}

TEST(NodeAttributes, SettingReplacesAndRemovingForgets) {
  Node node = nodeOf("Op");
  node.setAttr("axis", int64_t{1});
  node.setAttr("axis", int64_t{2});
  EXPECT_EQ(node.proto().attribute_size(), 1);
  EXPECT_EQ(node.attr("axis", int64_t{0}), 2);
  node.removeAttr("axis");
  EXPECT_FALSE(node.hasAttr("axis"));
}

TEST(NodeAttributes, AnotherTypeThanExpectedIsNamed) {
  Node node = nodeOf("Softmax");
  node.setAttr("axis", 1.0F);
  try {
    (void)node.attr("axis", int64_t{0});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "node 'n' (Softmax): attribute 'axis' is a float, expected an int");
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
  }
}

}  // namespace
}  // namespace quant
