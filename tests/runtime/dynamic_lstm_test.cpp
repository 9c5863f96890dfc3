// DynamicQuantizeLSTM: the fast kernel against the reference in every variant; tests/data/contributed holds what
// onnxruntime gives.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/cpu.h"
#include "runtime/macs.h"
#include "runtime/onednn_harness.h"
#include "support/message_of.h"

namespace quant::test {
namespace {

/// A node with random inputs.
struct LstmCase {
  std::string direction = "forward";
  bool has_bias = true, has_lengths = false, has_state = false, has_peepholes = false, has_one_scale = false;
  bool is_unsigned = false;
  int weight_limit = 127;
  float clip = 0;
  int64_t steps = 5, batch = 3, input = 6, hidden = 9;
};

class LstmRunner {
 public:
  explicit LstmRunner(const LstmCase& test) : runner_("DynamicQuantizeLSTM", 1, "com.microsoft") {
    const int64_t directions = test.direction == "bidirectional" ? 2 : 1, columns = 4 * test.hidden;
    runner_.set("direction", test.direction).set("hidden_size", test.hidden);
    if (test.clip > 0) runner_.set("clip", test.clip);
    const Shape scales = test.has_one_scale ? Shape{directions} : Shape{directions, columns};
    const Shape state{directions, test.batch, test.hidden};
    inputs_.push_back(value(random_.floats({test.steps, test.batch, test.input})));
    addWeights({directions, test.input, columns}, test);
    addWeights({directions, test.hidden, columns}, test);
    addIf(test.has_bias, constant(random_.floats({directions, 2 * columns}, -0.5F, 0.5F)));
    Tensor lengths(DataType::kInt32, {test.batch});
    for (int64_t b = 0; b < test.batch; ++b) {
      lengths.data<int32_t>()[static_cast<size_t>(b)] = static_cast<int32_t>(test.steps - b % test.steps);
    }
    addIf(test.has_lengths, value(std::move(lengths)));
    addIf(test.has_state, value(random_.floats(state)));
    addIf(test.has_state, value(random_.floats(state)));
    addIf(test.has_peepholes, constant(random_.floats({directions, 3 * test.hidden}, -0.5F, 0.5F)));
    for (int i = 0; i < 2; ++i) {
      inputs_.push_back(constant(random_.floats(scales, 0.002F, 0.008F)));
      Tensor zeros(test.is_unsigned ? DataType::kUInt8 : DataType::kInt8, scales);
      std::memset(zeros.bytes(), test.is_unsigned ? 128 : 0, zeros.byteSize());
      inputs_.push_back(constant(std::move(zeros)));
    }
  }

  void expectEqual() {
    const auto expected = runner_.run(kernelsOf(Backend::kReference), inputs_, 1, 3);
    KernelRegistry alone;
    registerOneDnn(alone);
    const auto actual = runner_.run(alone, inputs_, 2, 3);
    for (size_t i = 0; i < expected.size(); ++i) expectNear(actual[i], expected[i], 1e-5);
  }

  void expectRefused(size_t input, Tensor tensor, const std::string& why) {
    inputs_.at(input) = value(std::move(tensor));
    for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
      EXPECT_THAT(messageOf([&] { runner_.run(kernelsOf(backend), inputs_, 1, 3); }), testing::HasSubstr(why));
    }
  }

 private:
  void addWeights(const Shape& shape, const LstmCase& test) {
    const int low = test.is_unsigned ? 0 : -test.weight_limit, high = test.is_unsigned ? 255 : test.weight_limit;
    inputs_.push_back(constant(test.is_unsigned ? random_.integers<uint8_t>(shape, low, high)
                                                : random_.integers<int8_t>(shape, low, high)));
  }
  void addIf(bool is_there, NodeInput input) { inputs_.push_back(is_there ? std::move(input) : absent()); }

  Randomness random_;
  NodeRunner runner_;
  std::vector<NodeInput> inputs_;
};

TEST(OneDnnDynamicLstm, EqualsTheReferenceInEveryDirection) {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    LstmCase test;
    test.direction = direction;
    LstmRunner(test).expectEqual();
  }
}

TEST(OneDnnDynamicLstm, EqualsTheReferenceWithLengthsStatesAndPeepholes) {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    LstmCase test;
    test.direction = direction;
    test.has_lengths = test.has_state = test.has_peepholes = true;
    LstmRunner(test).expectEqual();
  }
}

TEST(OneDnnDynamicLstm, EqualsTheReferenceWithoutBiasAndWithAScaleForEachDirection) {
  LstmCase test;
  test.direction = "bidirectional";
  test.has_bias = false;
  test.has_one_scale = true;
  LstmRunner(test).expectEqual();
}

TEST(OneDnnDynamicLstm, TakesUnsignedWeightsAround128) {
  LstmCase test;
  test.is_unsigned = true;
  LstmRunner(test).expectEqual();
}

TEST(OneDnnDynamicLstm, EqualsTheReferenceForWeightsOfWhichNoPairSaturates) {
  LstmCase test;
  test.weight_limit = 64;
  test.batch = 1;
  test.hidden = 35;
  LstmRunner(test).expectEqual();
}

TEST(OneDnnDynamicLstm, EqualsTheReferenceWithClipWhereCellsAreBeyondIt) {
  LstmCase test;
  test.clip = 0.3F;
  test.has_state = true;
  LstmRunner(test).expectEqual();
}

TEST(DynamicLstm, RefusesInputsOfOtherSizes) {
  LstmCase test;
  test.has_lengths = test.has_state = true;
  LstmRunner(test).expectRefused(4, Tensor::of<int32_t>({1}, {5}), "sequence_lens has shape [1], expected [3]");
  LstmRunner(test).expectRefused(4, Tensor::of<int32_t>({3}, {5, 9, 1}), "sequence_lens says 9, but X has 5 steps");
  LstmRunner(test).expectRefused(4, Tensor::of<int32_t>({3}, {5, -1, 1}), "sequence_lens says -1");
  LstmRunner(test).expectRefused(5, Tensor::of<float>({1, 1, 1}, {0}), "initial_h has shape [1,1,1]");
  LstmRunner(test).expectRefused(1, Tensor::of<int8_t>({1, 6, 1}, {1, 1, 1, 1, 1, 1}), "W has shape [1,6,1]");
  LstmRunner(test).expectRefused(10, Tensor::of<float>({2}, {1, 1}), "scale");
}

TEST(OneDnnDynamicLstm, ProductsAreCountedAsThoseOfIntegers) {
  const Node node(makeNode("DynamicQuantizeLSTM", {"x", "w", "r"}, {"y"}, "", "com.microsoft"));
  const Macs macs = macsOf(node, {5, 2, 3}, {2, 3, 4 * 7}, {});
  EXPECT_EQ(macs.total, 5 * 2 * 2 * 4 * 7 * (3 + 7));
  EXPECT_EQ(macs.int8, macs.total);
}

}  // namespace
}  // namespace quant::test
