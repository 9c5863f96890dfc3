#include "dataset/proto_reader.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <string_view>

#include "core/error.h"
#include "core/files.h"
#include "dataset/convert.h"

namespace quant {

namespace {

/// The k of "input_k.pb".
std::optional<size_t> inputNumber(const std::filesystem::path& path) {
  constexpr std::string_view kPrefix = "input_";
  const std::string stem = path.stem().string();
  if (!stem.starts_with(kPrefix)) return std::nullopt;
  size_t number = 0;
  const auto [end, error] = std::from_chars(stem.data() + kPrefix.size(), stem.data() + stem.size(), number);
  return error == std::errc() && end == stem.data() + stem.size() ? std::optional(number) : std::nullopt;
}

onnx::TensorProto parseProto(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  onnx::TensorProto proto;
  const bool fits = bytes.size() <= static_cast<size_t>(std::numeric_limits<int>::max());
  if (!fits || !proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !proto.has_data_type()) {
    throwBadInput("'{}' is not an ONNX TensorProto", path.string());
  }
  return proto;
}

int64_t checkedCount(const Shape& shape, const std::string& what) {
  int64_t count = 1;
  for (const int64_t size : shape) {
    if (size < 0 || (size > 0 && count > std::numeric_limits<int64_t>::max() / 16 / size)) {
      throwBadInput("{} has an impossible shape {}", what, toString(shape));
    }
    count *= size;
  }
  return count;
}

void requireSize(size_t found, size_t expected, const Shape& shape, const std::string& what) {
  if (found == expected) return;
  throwBadInput("{} of shape {} holds {} bytes or elements of data, expected {}", what, toString(shape), found,
                expected);
}

template <class T, class Field>
Tensor fromField(const Field& field, const Shape& shape, const std::string& what) {
  requireSize(static_cast<size_t>(field.size()), static_cast<size_t>(elementCount(shape)), shape, what);
  Tensor tensor(kDataTypeOf<T>, shape);
  std::ranges::copy(field, tensor.data<T>().begin());
  return tensor;
}

/// 16-bit floats are stored as their bits in int32_data.
Tensor reinterpretBits(const Tensor& bits, DataType type, const std::string& what) {
  const Tensor halves = convertElements(bits.alias(), DataType::kUInt16, what);
  return Tensor::view(type, halves.shape(), halves.bytes(), nullptr).clone();
}

/// Typed fields hold small types in wider ones.
Tensor fromTypedField(const onnx::TensorProto& proto, const Shape& shape, DataType type, const std::string& what) {
  switch (type) {
    case DataType::kFloat32: return fromField<float>(proto.float_data(), shape, what);
    case DataType::kFloat64: return fromField<double>(proto.double_data(), shape, what);
    case DataType::kInt64: return fromField<int64_t>(proto.int64_data(), shape, what);
    case DataType::kUInt32:
    case DataType::kUInt64: return convertElements(fromField<uint64_t>(proto.uint64_data(), shape, what), type, what);
    case DataType::kFloat16:
    case DataType::kBFloat16: return reinterpretBits(fromField<int32_t>(proto.int32_data(), shape, what), type, what);
    case DataType::kUInt8:
    case DataType::kInt8:
    case DataType::kUInt16:
    case DataType::kInt16:
    case DataType::kInt32:
    case DataType::kBool: return convertElements(fromField<int32_t>(proto.int32_data(), shape, what), type, what);
    default: break;  // strings, complex numbers, and what is stored in 8 bits or less only
  }
  throwUnsupported("{} has elements of type {}, which cannot be fed to a model here", what, toString(type));
}

Tensor fromRawData(const std::string& raw, const Shape& shape, DataType type, const std::string& what) {
  // A boolean byte other than 0 and 1 must not become a C++ bool.
  const DataType stored = type == DataType::kBool ? DataType::kUInt8 : type;
  const auto size = static_cast<size_t>(elementSize(type));
  requireSize(raw.size(), static_cast<size_t>(elementCount(shape)) * size, shape, what);
  Tensor tensor(stored, shape);
  std::memcpy(tensor.bytes(), raw.data(), raw.size());
  return convertElements(std::move(tensor), type, what);
}

Tensor toTensor(const onnx::TensorProto& proto, const std::string& what) {
  const Shape shape(proto.dims().begin(), proto.dims().end());
  checkedCount(shape, what);
  if (proto.data_location() == onnx::TensorProto::EXTERNAL) {
    throwUnsupported("{} keeps its elements in another file; save them within", what);
  }
  const auto type = static_cast<DataType>(proto.data_type());
  if (proto.has_raw_data() && elementSize(type) != 0) return fromRawData(proto.raw_data(), shape, type, what);
  return fromTypedField(proto, shape, type, what);
}

std::string quoted(const DataFile& file) { return fmt::format("'{}'", file.path.string()); }

/// The files of one folder, in the order of the model's inputs.
SampleFiles inInputOrder(const std::map<size_t, DataFile>& by_number, const std::vector<InputSpec>& inputs) {
  const DataFile& first = by_number.begin()->second;
  const auto folder = first.path.parent_path();
  SampleFiles sample{folder.filename().string(), {}};
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto found = by_number.find(i);
    if (found == by_number.end()) {
      throwBadInput("'{}' has no input_{}.pb for model input {}", folder.string(), i, toString(inputs[i]));
    }
    sample.files.push_back(found->second);
  }
  if (by_number.size() > inputs.size()) {
    throwBadInput("'{}' is one too many: the model has {} input(s)", by_number.rbegin()->second.path.string(),
                  inputs.size());
  }
  return sample;
}

}  // namespace

std::vector<SampleFiles> ProtoReader::group(const std::vector<DataFile>& files) const {
  std::vector<SampleFiles> groups;
  std::map<std::filesystem::path, std::map<size_t, DataFile>> folders;
  for (const DataFile& file : files) {
    if (const auto number = inputNumber(file.path)) {
      folders[file.path.parent_path()].emplace(*number, file);
    } else if (inputs_.size() == 1) {
      groups.push_back({file.name, {file}});
    } else {
      throwBadInput(
          "'{}' cannot be matched to one of the model's {} inputs: call the files input_0.pb, input_1.pb, ...",
          file.path.string(), inputs_.size());
    }
  }
  for (const auto& [folder, by_number] : folders) groups.push_back(inInputOrder(by_number, inputs_));
  return groups;
}

std::vector<Shape> ProtoReader::shapes(const SampleFiles& sample) const {
  std::vector<Shape> shapes;
  for (const DataFile& file : sample.files) {
    const onnx::TensorProto proto = parseProto(file.path);
    shapes.emplace_back(proto.dims().begin(), proto.dims().end());
    checkedCount(shapes.back(), quoted(file));
  }
  return shapes;
}

FileTensors ProtoReader::read(const SampleFiles& sample) const {
  FileTensors tensors;
  for (const DataFile& file : sample.files) tensors.inputs.push_back(toTensor(parseProto(file.path), quoted(file)));
  return tensors;
}

std::string ProtoReader::describe(const SampleFiles& sample, size_t input) const { return quoted(sample.files[input]); }

}  // namespace quant
