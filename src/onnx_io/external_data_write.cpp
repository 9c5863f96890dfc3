#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "onnx_io/check.h"
#include "onnx_io/data_writer.h"
#include "onnx_io/external_data.h"

namespace quant {

namespace {

constexpr uint64_t kSmallestBytes = 1024;  // below, a reference is hardly shorter than the data
constexpr uint64_t kAlignment = 4096;      // pages, so that readers can map each tensor

bool isWorthMoving(const onnx::TensorProto& tensor) {
  const auto type = static_cast<DataType>(tensor.data_type());
  if (elementBits(type) == 0 || type == DataType::kComplex64 || type == DataType::kComplex128) return false;
  return static_cast<uint64_t>(rawSize(tensor)) >= kSmallestBytes;
}

/// The same tensor, its elements elsewhere; what this program does not know of it stays.
onnx::TensorProto reference(const onnx::TensorProto& tensor, const std::string& location, uint64_t offset,
                            uint64_t length) {
  onnx::TensorProto result;
  result.set_name(tensor.name());
  result.set_data_type(tensor.data_type());
  *result.mutable_dims() = tensor.dims();
  if (tensor.has_doc_string()) result.set_doc_string(tensor.doc_string());
  *result.mutable_metadata_props() = tensor.metadata_props();
  result.GetReflection()->MutableUnknownFields(&result)->MergeFrom(tensor.GetReflection()->GetUnknownFields(tensor));
  result.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const std::string& value) {
    auto& entry = *result.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  };
  add("location", location);
  add("offset", std::to_string(offset));
  add("length", std::to_string(length));
  return result;
}

}  // namespace

void writeExternalData(Graph& graph, const std::filesystem::path& file, const std::string& location) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  uint64_t end = 0;
  for (const auto& name : graph.constants()) {
    if (!isWorthMoving(*graph.constantProto(name))) continue;
    const auto length = static_cast<uint64_t>(rawSize(*graph.constantProto(name)));
    const uint64_t offset = (end + kAlignment - 1) / kAlignment * kAlignment;
    stream << std::string(offset - end, '\0');
    writeElements(graph, name, length, stream);
    end = offset + length;
    graph.setConstantProto(name, reference(*graph.constantProto(name), location, offset, length));
  }
  stream.close();
  if (!stream) throwBadInput("cannot write '{}': {}", file.string(), std::strerror(errno));
}

}  // namespace quant
