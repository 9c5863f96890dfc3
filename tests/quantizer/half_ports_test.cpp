#include "quantizer/half_ports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/node.h"

namespace quant {
namespace {

using testing::ElementsAre;

TEST(HalfPorts, FollowWhatOnnxSaysOfTheOperator) {
  const auto ports = halfPortsOf(makeNode("Conv", {"x", "w", "b"}, {"y"}), 17, DataType::kFloat16);
  EXPECT_EQ(ports.obstacle, "");
  EXPECT_THAT(ports.inputs, ElementsAre(HalfPort::kFollows, HalfPort::kFollows, HalfPort::kFollows));
}

TEST(HalfPorts, ScalesOfResizeStayFloat32) {
  const auto ports = halfPortsOf(makeNode("Resize", {"x", "roi", "scales"}, {"y"}), 17, DataType::kFloat16);
  EXPECT_THAT(ports.inputs, ElementsAre(HalfPort::kFollows, HalfPort::kFloat32, HalfPort::kFloat32));
}

TEST(HalfPorts, BFloat16ComesToConvWithOpset22) {
  const auto node = makeNode("Conv", {"x", "w"}, {"y"});
  EXPECT_EQ(halfPortsOf(node, 17, DataType::kBFloat16).obstacle, "ONNX's Conv-11 does not take bfloat16");
  EXPECT_EQ(halfPortsOf(node, 22, DataType::kBFloat16).obstacle, "");
  EXPECT_EQ(opsetForHalf("Conv", 17, DataType::kBFloat16), 22);
  EXPECT_EQ(opsetForHalf("Conv", 17, DataType::kFloat16), 17);
}

TEST(HalfPorts, OperatorsThatNobodyDefinedStayFloat32) {
  const auto ports = halfPortsOf(makeNode("Foo", {"x"}, {"y"}, "", "com.acme"), 1, DataType::kFloat16);
  EXPECT_EQ(ports.obstacle, "nothing says that com.acme.Foo takes float16");
}

TEST(HalfPorts, BoxesOfNonMaxSuppressionAreFloat32Only) {
  const auto node = makeNode("NonMaxSuppression", {"boxes", "scores"}, {"y"});
  EXPECT_EQ(halfPortsOf(node, 17, DataType::kFloat16).obstacle, "ONNX's NonMaxSuppression-11 does not take float16");
}

}  // namespace
}  // namespace quant
