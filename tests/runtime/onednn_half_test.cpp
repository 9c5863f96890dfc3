// 16-bit floats on oneDNN: computed in float, rounded once.
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/backend.h"

namespace quant::test {
namespace {

template <class Half>
Tensor halves(const Shape& shape, const std::vector<float>& values) {
  std::vector<Half> rounded;
  for (const float value : values) rounded.emplace_back(value);
  return Tensor::of<Half>(shape, std::span<const Half>(rounded));
}

Tensor runOnOneDnn(const Node& node, std::vector<Tensor> inputs) {
  const KernelRegistry registry = kernelsOf(Backend::kOneDnn);
  const auto kernel = (*registry.find(node.domain(), node.opType(), 20))(node, 20);
  std::vector<KernelContext::Value> values;
  for (Tensor& input : inputs) values.push_back({std::move(input), {}, {}, false});
  std::vector<KernelContext::Value*> pointers;
  for (auto& value : values) pointers.push_back(&value);
  KernelContext context(pointers, 1, {true});
  kernel->run(context);
  return convertLayout(context.results()[0].value(), Layout::kPlain);
}

template <class Half>
class OneDnnHalf : public testing::Test {};
using Halves = testing::Types<Float16, BFloat16>;
TYPED_TEST_SUITE(OneDnnHalf, Halves);

TYPED_TEST(OneDnnHalf, ProductsAreSummedInFloatAndRoundedOnce) {
  // 1 + 256 * 2^-12: in 16 bits each step would be lost.
  std::vector<float> a(257, 1.0F), b(257, 0x1p-12F);
  b[0] = 1;
  const Node node(makeNode("MatMul", {}, {}));
  const Tensor y = runOnOneDnn(node, [&] {
    std::vector<Tensor> inputs;
    inputs.push_back(halves<TypeParam>({1, 257}, a));
    inputs.push_back(halves<TypeParam>({257, 1}, b));
    return inputs;
  }());
  EXPECT_EQ(y.type(), kDataTypeOf<TypeParam>);
  EXPECT_EQ(static_cast<float>(y.data<TypeParam>()[0]), 1.0625F);
}

TYPED_TEST(OneDnnHalf, FunctionsGiveTheNearestNumberOfTheType) {
  const Node node(makeNode("Tanh", {}, {}));
  std::vector<Tensor> inputs;
  inputs.push_back(halves<TypeParam>({2}, {0.5F, -1}));
  const Tensor y = runOnOneDnn(node, std::move(inputs));
  EXPECT_EQ(y.data<TypeParam>()[0], TypeParam(std::tanh(0.5F)));
  EXPECT_EQ(y.data<TypeParam>()[1], TypeParam(std::tanh(-1.0F)));
}

TEST(OneDnnErf, IsWithinAFewUnitsOfTheLastPlace) {
  const Node node(makeNode("Erf", {}, {}));
  std::vector<float> x;
  for (int i = -600; i <= 600; ++i) x.push_back(static_cast<float>(i) / 100);
  std::vector<Tensor> inputs;
  inputs.push_back(Tensor::of<float>({static_cast<int64_t>(x.size())}, std::span<const float>(x)));
  const Tensor y = runOnOneDnn(node, std::move(inputs));
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(y.data<float>()[i], std::erf(x[i]), 4e-7) << x[i];
}

}  // namespace
}  // namespace quant::test
