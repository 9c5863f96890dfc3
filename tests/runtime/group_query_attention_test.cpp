// GroupQueryAttention refuses inputs that do not fit together; tests/data/contributed holds what onnxruntime gives for
// those that do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/onednn_harness.h"
#include "support/message_of.h"

namespace quant::test {
namespace {

/// One head of two numbers and one new key for each of `batch` samples, after `past` others.
class Call {
 public:
  explicit Call(int64_t batch = 1, int64_t past = 2) {
    const Shape added{batch, 1, 2}, cached{batch, 1, past, 2};
    for (int i = 0; i < 3; ++i) inputs_.push_back(value(random_.floats(added)));
    for (int i = 0; i < 2; ++i) inputs_.push_back(value(random_.floats(cached)));
    Tensor places(DataType::kInt32, {batch});
    std::ranges::fill(places.data<int32_t>(), static_cast<int32_t>(past));
    inputs_.push_back(value(std::move(places)));
    inputs_.push_back(value(Tensor::scalar(static_cast<int32_t>(past + 1))));
  }

  Call& replace(size_t input, Tensor tensor) {
    while (inputs_.size() <= input) inputs_.push_back(absent());
    inputs_[input] = value(std::move(tensor));
    return *this;
  }
  Call& leaveOut(size_t input) {
    inputs_.at(input) = absent();
    return *this;
  }

  std::vector<Tensor> run(int64_t rotates = 0) {
    NodeRunner runner("GroupQueryAttention", 1, "com.microsoft");
    runner.set("num_heads", int64_t{1}).set("kv_num_heads", int64_t{1}).set("do_rotary", rotates);
    return runner.run(kernelsOf(Backend::kReference), inputs_, 1, 3);
  }
  std::string refusal(int64_t rotates = 0) {
    return messageOf([&] { run(rotates); });
  }

 private:
  Randomness random_;
  std::vector<NodeInput> inputs_;
};

constexpr size_t kPastKey = 3, kPastValue = 4, kCosine = 7, kSine = 8, kBias = 10;

Tensor zeros(const Shape& shape) {
  Tensor tensor(DataType::kFloat32, shape);
  std::ranges::fill(tensor.data<float>(), 0.0F);
  return tensor;
}

TEST(GroupQueryAttention, RefusesAPastOfKeysThatIsNotThatOfValues) {
  const char* const message = "past_key has 2 keys, but past_value";
  EXPECT_THAT(Call().replace(kPastValue, zeros({1, 1, 1, 2})).refusal(), testing::HasSubstr(message));
  EXPECT_THAT(Call().leaveOut(kPastValue).refusal(), testing::HasSubstr(message));
}

TEST(GroupQueryAttention, RefusesAPastOfAnotherRank) {
  Call call;
  call.replace(kPastKey, zeros({2, 2})).replace(kPastValue, zeros({2, 2}));
  EXPECT_THAT(call.refusal(), testing::HasSubstr("does not fit"));
}

TEST(GroupQueryAttention, RefusesAnglesOfDifferentShapes) {
  EXPECT_THAT(Call().replace(kCosine, zeros({4, 1})).replace(kSine, zeros({2, 1})).refusal(1),
              testing::HasSubstr("cos_cache and sin_cache have shapes [4,1] and [2,1]"));
  EXPECT_THAT(Call().replace(kCosine, zeros({4})).replace(kSine, zeros({4})).refusal(1),
              testing::HasSubstr("expected one shape of rank 2"));
}

TEST(GroupQueryAttention, GivesEmptyResultsForNoSamples) {
  const auto outputs = Call(0).replace(kBias, zeros({1, 1, 1, 3})).run();
  EXPECT_EQ(outputs[0].shape(), (Shape{0, 1, 2}));
  EXPECT_EQ(outputs[1].shape(), (Shape{0, 1, 3, 2}));
}

}  // namespace
}  // namespace quant::test
