#include "dataset/convert.h"

#include <gmock/gmock.h>

#include "dataset/data_files.h"

namespace quant::test {
namespace {

using ::testing::ElementsAre;

template <class To, class From>
std::string errorOfConverting(From value) {
  return errorOf([&] { convertElements(Tensor::of<From>({1}, {value}), kDataTypeOf<To>, "array 'x'"); });
}

TEST(ConvertElements, KeepsTheSameTypeWithoutACopy) {
  Tensor tensor = Tensor::of<float>({2}, {1, 2});
  const void* bytes = tensor.bytes();
  EXPECT_EQ(convertElements(std::move(tensor), DataType::kFloat32, "x").bytes(), bytes);
}

TEST(ConvertElements, RoundsFloatingPointToFloatingPoint) {
  const Tensor tensor = convertElements(Tensor::of<double>({2}, {0.1, -2}), DataType::kFloat32, "x");
  EXPECT_THAT(tensor.data<float>(), ElementsAre(0.1F, -2));
  EXPECT_EQ((errorOfConverting<float, double>(1e300)),
            "array 'x' is double and holds 1e+300, which the model's float cannot represent");
  EXPECT_EQ((errorOfConverting<Float16, float>(70000)),
            "array 'x' is float and holds 70000, which the model's float16 cannot represent");
}

TEST(ConvertElements, ChangesIntegersThatFit) {
  const Tensor tensor = convertElements(Tensor::of<int64_t>({3}, {-128, 0, 127}), DataType::kInt8, "x");
  EXPECT_THAT(tensor.data<int8_t>(), ElementsAre(-128, 0, 127));
  EXPECT_EQ((errorOfConverting<int32_t, int64_t>(1LL << 31)),
            "array 'x' is int64 and holds 2147483648, which the model's int32 cannot represent");
  EXPECT_NE((errorOfConverting<uint64_t, int8_t>(-1)), "");
}

TEST(ConvertElements, MakesIntegersFloatingPointOnlyWhereExact) {
  const Tensor tensor = convertElements(Tensor::of<int32_t>({1}, {1 << 24}), DataType::kFloat32, "x");
  EXPECT_THAT(tensor.data<float>(), ElementsAre(16777216.0F));
  EXPECT_NE((errorOfConverting<float, int32_t>((1 << 24) + 1)), "");
  EXPECT_NE((errorOfConverting<double, int64_t>((1LL << 53) + 1)), "");
  EXPECT_NE((errorOfConverting<Float16, int32_t>(100000)), "");
}

TEST(ConvertElements, TakesBooleansAsZeroAndOne) {
  EXPECT_THAT(convertElements(Tensor::of<bool>({2}, {true, false}), DataType::kInt64, "x").data<int64_t>(),
              ElementsAre(1, 0));
  EXPECT_THAT(convertElements(Tensor::of<int64_t>({2}, {1, 0}), DataType::kBool, "x").data<bool>(),
              ElementsAre(true, false));
  EXPECT_NE((errorOfConverting<bool, int64_t>(2)), "");
}

TEST(ConvertElements, NeverMakesIntegersOfFloatingPoint) {
  EXPECT_EQ((errorOfConverting<int64_t, float>(1)),
            "array 'x' is float, but the model wants int64: save it as whole numbers");
}

}  // namespace
}  // namespace quant::test
