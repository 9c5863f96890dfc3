#include "graph/tensor_proto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/narrow_float.h"
#include "core/packed.h"

namespace quant {
namespace {

using ::testing::ElementsAre;

onnx::TensorProto protoOf(onnx::TensorProto::DataType type, const Shape& shape) {
  onnx::TensorProto proto;
  proto.set_name("w");
  proto.set_data_type(type);
  for (const int64_t size : shape) proto.add_dims(size);
  return proto;
}

template <class Expected>
void expectError(const onnx::TensorProto& proto, ExitCode code, const Expected& message) {
  try {
    (void)tensorFromProto(proto);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code);
    EXPECT_STREQ(error.what(), message);
  }
}

TEST(TensorFromProto, ViewsAlignedRawData) {
  auto proto = std::make_shared<onnx::TensorProto>(protoOf(onnx::TensorProto::FLOAT, {2}));
  const std::vector<float> values{1.5F, -2};
  proto->set_raw_data(values.data(), 8);
  const void* const address = proto->raw_data().data();
  const Tensor tensor = tensorFromProto(std::shared_ptr<const onnx::TensorProto>(std::move(proto)));
  EXPECT_EQ(tensor.bytes(), address);
  EXPECT_THAT(tensor.data<float>(), ElementsAre(1.5F, -2));
}

TEST(TensorFromProto, ReadsTypedFields) {
  auto floats = protoOf(onnx::TensorProto::FLOAT, {2});
  floats.add_float_data(1);
  floats.add_float_data(2);
  EXPECT_THAT(tensorFromProto(floats).data<float>(), ElementsAre(1, 2));
  auto bytes = protoOf(onnx::TensorProto::INT8, {2});
  bytes.add_int32_data(-128);
  bytes.add_int32_data(127);
  EXPECT_THAT(tensorFromProto(bytes).data<int8_t>(), ElementsAre(-128, 127));
  auto unsigned_ints = protoOf(onnx::TensorProto::UINT32, {1});
  unsigned_ints.add_uint64_data(4'000'000'000);
  EXPECT_THAT(tensorFromProto(unsigned_ints).data<uint32_t>(), ElementsAre(4'000'000'000U));
}

TEST(TensorFromProto, ReadsPackedElementsFromRawDataAndFromBytesInInt32Data) {
  auto raw = protoOf(onnx::TensorProto::INT4, {3});
  raw.set_raw_data(std::string("\xE1\x07", 2));
  EXPECT_THAT(unpack(tensorFromProto(raw)).data<int8_t>(), ElementsAre(1, -2, 7));
  auto typed = protoOf(onnx::TensorProto::INT4, {3});
  typed.add_int32_data(0xE1);
  typed.add_int32_data(0x07);
  EXPECT_THAT(unpack(tensorFromProto(typed)).data<int8_t>(), ElementsAre(1, -2, 7));
}

TEST(TensorFromProto, RefusesPackedDataOfTheWrongSize) {
  auto proto = protoOf(onnx::TensorProto::UINT4, {3});
  proto.set_raw_data("abc");
  expectError(proto, ExitCode::kBadInput,
              "tensor 'w' of shape [3] (uint4) holds 3 bytes or elements of data, expected 2");
}

TEST(TensorFromProto, ReadsFloat8FromItsBits) {
  auto proto = protoOf(onnx::TensorProto::FLOAT8E4M3FN, {2});
  proto.add_int32_data(0x38);
  proto.add_int32_data(0x7E);
  EXPECT_THAT(decodeNarrowFloats(tensorFromProto(proto)).data<float>(), ElementsAre(1.0F, 448.0F));
}

TEST(ProtoFromTensor, PacksAsOnnxDoes) {
  const Tensor packed = pack(Tensor::of<int8_t>({3}, {1, -2, 7}), DataType::kInt4);
  const auto proto = protoFromTensor(packed, "w");
  EXPECT_EQ(proto.data_type(), onnx::TensorProto::INT4);
  EXPECT_EQ(proto.raw_data(), std::string("\xE1\x07", 2));
}

TEST(TensorFromProto, ReadsFloat16FromItsBits) {
  auto proto = protoOf(onnx::TensorProto::FLOAT16, {1});
  proto.add_int32_data(0x3C00);
  EXPECT_EQ(static_cast<float>(tensorFromProto(proto).data<Float16>()[0]), 1.0F);
}

TEST(TensorFromProto, AnyNonZeroByteIsTrue) {
  auto proto = protoOf(onnx::TensorProto::BOOL, {3});
  proto.set_raw_data(std::string("\x00\x01\xFF", 3));
  const Tensor tensor = tensorFromProto(proto);
  const auto* bytes = static_cast<const uint8_t*>(tensor.bytes());
  EXPECT_THAT(std::vector<int>(bytes, bytes + 3), ElementsAre(0, 1, 1));
}

TEST(TensorFromProto, AnEmptyTensorNeedsNoData) {
  EXPECT_EQ(tensorFromProto(protoOf(onnx::TensorProto::FLOAT, {0, 3})).shape(), (Shape{0, 3}));
}

TEST(TensorFromProto, DataThatDoesNotFillTheShapeIsRefused) {
  auto proto = protoOf(onnx::TensorProto::FLOAT, {2, 3});
  proto.set_raw_data(std::string(20, '\0'));
  expectError(proto, ExitCode::kBadInput,
              "tensor 'w' of shape [2,3] (float) holds 20 bytes or elements of data, expected 24");
  proto.clear_raw_data();
  proto.add_float_data(1);
  expectError(proto, ExitCode::kBadInput,
              "tensor 'w' of shape [2,3] (float) holds 1 bytes or elements of data, expected 6");
}

TEST(TensorFromProto, ImpossibleShapesAreRefused) {
  expectError(protoOf(onnx::TensorProto::FLOAT, {-1}), ExitCode::kBadInput,
              "tensor 'w' has a negative size in its shape [-1]");
  expectError(protoOf(onnx::TensorProto::FLOAT, {int64_t{1} << 40, int64_t{1} << 40}), ExitCode::kBadInput,
              "tensor 'w' has an impossible shape [1099511627776,1099511627776]");
}

TEST(TensorFromProto, TypesWithoutACounterpartAreUnsupported) {
  for (const auto type : {onnx::TensorProto::STRING, onnx::TensorProto::FLOAT6E2M3, onnx::TensorProto::COMPLEX64}) {
    try {
      (void)tensorFromProto(protoOf(type, {1}));
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kUnsupported);
    }
  }
}

TEST(ProtoFromTensor, IsReadBackEqual) {
  const auto tensor = Tensor::of<int64_t>({2, 1}, {5, -6});
  const auto proto = protoFromTensor(tensor, "s");
  EXPECT_EQ(proto.name(), "s");
  EXPECT_EQ(shapeOf(proto), (Shape{2, 1}));
  EXPECT_THAT(tensorFromProto(proto).data<int64_t>(), ElementsAre(5, -6));
}

}  // namespace
}  // namespace quant
