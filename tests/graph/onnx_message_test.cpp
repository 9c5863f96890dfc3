#include "graph/onnx_message.h"

#include <gtest/gtest.h>

namespace quant {
namespace {

TEST(OnnxMessage, PutsTheNodeInFrontAndDropsTags) {
  EXPECT_EQ(onnxMessage("[ShapeInferenceError] Inference error(s): (op_type:Conv, node name: c1): "
                        "[ShapeInferenceError] Incompatible dimensions\n"),
            "node 'c1' (Conv): Incompatible dimensions");
}

TEST(OnnxMessage, KeepsTheFirstOfSeveralErrors) {
  EXPECT_EQ(onnxMessage("Inference error(s): (op_type:A, node name: a): x\n(op_type:B, node name: b): y\n"),
            "node 'a' (A): x");
}

TEST(OnnxMessage, DropsTheContextAndJoinsLines) {
  EXPECT_EQ(onnxMessage("one\ntwo\n\n==> Context: Bad node spec"), "one two");
}

TEST(OnnxMessage, HasNoControlCharacters) {
  EXPECT_EQ(onnxMessage("name '\x01\x1B'"),
            "name '?"
            "?'");
}

}  // namespace
}  // namespace quant
