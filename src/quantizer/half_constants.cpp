#include "quantizer/half_constants.h"

#include <algorithm>

#include "core/files.h"
#include "core/half_conversion.h"
#include "graph/tensor_proto.h"
#include "quantizer/error_diffusion.h"

namespace quant {

namespace {

/// Elements that are converted and written at a time: few enough for the cache, many enough for several cores.
constexpr int64_t kPiece = int64_t{1} << 21;

std::span<const std::byte> bytesOf(const Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.bytes()), tensor.byteSize()};
}

Tensor piece(const std::shared_ptr<const Tensor>& whole, int64_t begin, int64_t count) {
  return Tensor::view(DataType::kFloat32, {count}, whole->data<float>().data() + begin, whole);
}

onnx::AttributeProto& obtain(onnx::NodeProto& node, const char* name, onnx::AttributeProto::AttributeType type) {
  auto& attributes = *node.mutable_attribute();
  auto found = std::ranges::find(attributes, name, [](const auto& attribute) { return attribute.name(); });
  auto& attribute = found == attributes.end() ? *attributes.Add() : *found;
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

void setType(onnx::NodeProto& node, const char* attribute, DataType half) {
  obtain(node, attribute, onnx::AttributeProto::INT).set_i(static_cast<int64_t>(half));
}

void convertConstant(onnx::NodeProto& node, DataType half) {
  for (auto& attribute : *node.mutable_attribute()) {
    if (attribute.name() == "value") {
      convertInPlace(*attribute.mutable_t(), half);
      continue;
    }
    const bool is_scalar = attribute.name() == "value_float";
    if (!is_scalar && attribute.name() != "value_floats") continue;
    onnx::TensorProto tensor;
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    if (is_scalar) {
      tensor.add_float_data(attribute.f());
    } else {
      tensor.add_dims(attribute.floats_size());
      *tensor.mutable_float_data() = attribute.floats();
    }
    convertInPlace(tensor, half);
    attribute.Clear();
    attribute.set_name("value");
    attribute.set_type(onnx::AttributeProto::TENSOR);
    *attribute.mutable_t() = std::move(tensor);
  }
}

/// Its value, float32 zero when there is none, decides the type.
void convertConstantOfShape(onnx::NodeProto& node, DataType half) {
  auto& value = *obtain(node, "value", onnx::AttributeProto::TENSOR).mutable_t();
  if (value.data_type() == onnx::TensorProto::UNDEFINED) {
    value.set_data_type(onnx::TensorProto::FLOAT);
    value.add_dims(1);
    value.add_float_data(0);
  }
  convertInPlace(value, half);
}

struct TypeAttribute {
  std::string_view op_type;
  const char* attribute;
};

constexpr TypeAttribute kTypeAttributes[] = {
    {"Cast", "to"},
    {"RandomNormal", "dtype"},
    {"RandomUniform", "dtype"},
    {"RandomNormalLike", "dtype"},
    {"RandomUniformLike", "dtype"},
    {"EyeLike", "dtype"},
    {"Bernoulli", "dtype"},
    {"BlackmanWindow", "output_datatype"},
    {"HannWindow", "output_datatype"},
    {"HammingWindow", "output_datatype"},
    {"MelWeightMatrix", "output_datatype"},
};

}  // namespace

Tensor inHalf(const Tensor& floats, DataType half, HalfRounding rounding) {
  return rounding == HalfRounding::kDiffused ? diffuseToHalf(floats, half) : toHalf(floats, half);
}

DerivedConstant halfOf(const Tensor& floats, DataType half, HalfRounding rounding) {
  auto source = std::make_shared<const Tensor>(floats.alias());
  if (rounding == HalfRounding::kDiffused) {
    return {half, floats.shape(), [source, half](const ByteSink& sink) {
              const Tensor converted = diffuseToHalf(*source, half);
              sink(bytesOf(converted));
              releasePages(bytesOf(*source));
            }};
  }
  return {half, floats.shape(), [source, half](const ByteSink& sink) {
            for (int64_t at = 0; at < source->elementCount(); at += kPiece) {
              const Tensor part = piece(source, at, std::min(kPiece, source->elementCount() - at));
              const Tensor converted = toHalf(part, half);
              sink(bytesOf(converted));
              releasePages(bytesOf(part));
            }
          }};
}

void convertInPlace(onnx::TensorProto& floats, DataType half, HalfRounding rounding) {
  onnx::TensorProto converted = protoFromTensor(inHalf(tensorFromProto(floats), half, rounding), floats.name());
  converted.set_doc_string(floats.doc_string());
  floats = std::move(converted);
}

bool convertAttributes(onnx::NodeProto& node, DataType half) {
  if (!node.domain().empty() && node.domain() != "ai.onnx") return false;
  if (node.op_type() == "Constant") {
    convertConstant(node, half);
    return true;
  }
  if (node.op_type() == "ConstantOfShape") {
    convertConstantOfShape(node, half);
    return true;
  }
  if (node.op_type() == "Attention") {
    setType(node, "softmax_precision", DataType::kFloat32);
    return true;
  }
  for (const auto& row : kTypeAttributes) {
    if (row.op_type != node.op_type()) continue;
    setType(node, row.attribute, half);
    return true;
  }
  return false;
}

}  // namespace quant
