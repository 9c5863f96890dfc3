#include "onnx_io/external_data.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/error.h"
#include "graph/subgraphs.h"
#include "graph/tensor_proto.h"
#include "onnx_io/check.h"
#include "onnx_io/label.h"

namespace quant {

namespace {

namespace fs = std::filesystem;

bool isExternal(const onnx::TensorProto& tensor) { return tensor.data_location() == onnx::TensorProto::EXTERNAL; }

/// The fields of TensorProto.external_data that say where the bytes are.
struct Place {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

uint64_t parseSize(const std::string& key, const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throwBadInput("has external data with {} '{}', expected a number of bytes", key, text);
  }
  return value;
}

Place placeOf(const onnx::TensorProto& tensor) {
  Place place;
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() == "location") place.location = entry.value();
    if (entry.key() == "offset") place.offset = parseSize("offset", entry.value());
    if (entry.key() == "length") place.length = parseSize("length", entry.value());
  }
  if (place.location.empty()) throwBadInput("has external data without a location");
  return place;
}

bool isInside(const fs::path& path, const fs::path& folder) {
  const auto [folder_end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return folder_end == folder.end();
}

/// Kinds of tensors that can be looked at in place, or at least computed with.
bool isComputable(const onnx::TensorProto& tensor) {
  const auto type = static_cast<DataType>(tensor.data_type());
  return elementBits(type) > 0 && type != DataType::kComplex64 && type != DataType::kComplex128 &&
         type != DataType::kBool;  // a file's bytes need not be bools
}

}  // namespace

std::shared_ptr<const MappedFile> ExternalData::open(const std::string& location) {
  if (const auto known = files_.find(location); known != files_.end()) return known->second;
  const fs::path relative = fs::path(location).lexically_normal();
  if (relative.is_absolute() || relative.begin() == relative.end() || *relative.begin() == "..") {
    throwBadInput("has external data in '{}', which is outside the model's folder", location);
  }
  std::error_code error;
  const fs::path folder = fs::canonical(folder_.empty() ? "." : folder_, error);
  const fs::path path = fs::weakly_canonical(folder / relative, error);
  if (error) throwBadInput("has external data in '{}': {}", location, error.message());
  if (!isInside(path, folder)) {
    throwBadInput("has external data in '{}', a link to outside the model's folder", location);
  }
  if (!fs::exists(path, error)) {
    throwBadInput("has external data in '{}', but there is no such file in '{}'", location, folder.string());
  }
  return files_[location] = MappedFile::open(path);
}

ExternalData::Piece ExternalData::find(const onnx::TensorProto& tensor) {
  if (tensor.data_type() == onnx::TensorProto::STRING) throwBadInput("holds strings, which cannot be external data");
  const Place place = placeOf(tensor);
  const auto expected = static_cast<uint64_t>(rawSize(tensor));
  if (place.length && *place.length != expected) {
    throwBadInput("of shape {} has {} bytes of external data, expected {}", toString(shapeOf(tensor)), *place.length,
                  expected);
  }
  auto file = open(place.location);
  const auto bytes = file->bytes();
  if (place.offset > bytes.size() || expected > bytes.size() - place.offset) {
    throwBadInput("has external data at bytes {} to {} of '{}', which has only {}", place.offset,
                  place.offset + expected, place.location, bytes.size());
  }
  return {std::move(file), bytes.subspan(place.offset, expected)};
}

void ExternalData::embed(onnx::TensorProto& tensor) {
  const Piece piece = find(tensor);
  tensor.set_raw_data(piece.bytes.data(), piece.bytes.size());
  tensor.clear_external_data();
  tensor.clear_data_location();
}

void ExternalData::embedIn(onnx::NodeProto& node) {
  forEachTensorIn(node, [&](onnx::TensorProto& tensor, const onnx::NodeProto& owner, const std::string& what) {
    if (!isExternal(tensor)) return;
    labelled(fmt::format("node '{}' ({}): {}", labelOf(owner), owner.op_type(), what), [&] { embed(tensor); });
  });
}

void ExternalData::embedNested(onnx::ModelProto& model) {
  for (auto& node : *model.mutable_graph()->mutable_node()) embedIn(node);
  for (auto& function : *model.mutable_functions()) {
    for (auto& node : *function.mutable_node()) embedIn(node);
  }
}

void ExternalData::attachConstant(Graph& graph, const std::string& name) {
  const onnx::TensorProto& tensor = *graph.constantProto(name);
  if (!isComputable(tensor)) {
    onnx::TensorProto embedded = tensor;
    embed(embedded);
    graph.setConstantProto(name, std::move(embedded));
    return;
  }
  Piece piece = find(tensor);
  const auto type = static_cast<DataType>(tensor.data_type());
  const auto alignment = static_cast<size_t>(std::max(1, elementSize(type)));
  const bool is_aligned = reinterpret_cast<uintptr_t>(piece.bytes.data()) % alignment == 0;
  auto view = Tensor::view(type, shapeOf(tensor), piece.bytes.data(), std::move(piece.file));
  if (is_aligned) return graph.attachData(name, std::move(view));
  graph.attachData(name, view.clone());
}

void ExternalData::attach(Graph& graph) {
  for (const auto& name : graph.constants()) {
    if (!isExternal(*graph.constantProto(name))) continue;
    labelled(fmt::format("initializer '{}'", name), [&] { attachConstant(graph, name); });
  }
}

std::set<fs::path> externalFiles(const Graph& graph, const fs::path& folder) {
  std::set<fs::path> files;
  for (const auto& name : graph.constants()) {
    const onnx::TensorProto& tensor = *graph.constantProto(name);
    if (isExternal(tensor)) files.insert(folder / placeOf(tensor).location);
  }
  return files;
}

uint64_t externalBytes(const Graph& graph) {
  uint64_t bytes = 0;
  for (const auto& name : graph.constants()) {
    const onnx::TensorProto& tensor = *graph.constantProto(name);
    if (isExternal(tensor)) bytes += static_cast<uint64_t>(rawSize(tensor));
  }
  return bytes;
}

}  // namespace quant
