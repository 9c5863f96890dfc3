#include <onnx/checker.h>

#include <limits>

#include "core/error.h"
#include "graph/onnx_message.h"
#include "graph/subgraphs.h"
#include "graph/tensor_proto.h"
#include "onnx_io/check.h"
#include "onnx_io/label.h"

namespace quant {

namespace {

using Type = onnx::TensorProto;

/// Bits of one element as raw data; 0 for strings, which have none.
int bitsOf(int32_t type) {
  switch (type) {
    case Type::FLOAT6E2M3:
    case Type::FLOAT6E3M2: return 6;
    default: return elementBits(static_cast<DataType>(type));
  }
}

void checkType(const onnx::TensorProto& tensor) {
  if (tensor.data_type() == Type::UNDEFINED) throwBadInput("has no element type");
  if (!Type::DataType_IsValid(tensor.data_type())) {
    throwUnsupported("has element type {}, which this program does not know", tensor.data_type());
  }
}

void checkShape(const onnx::TensorProto& tensor) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 128;  // so that bits can be counted too
  int64_t count = 1;
  for (const int64_t size : tensor.dims()) {
    if (size < 0) throwBadInput("has a negative size in its shape {}", toString(shapeOf(tensor)));
    if (size > 0 && count > kMost / size) throwBadInput("has an impossible shape {}", toString(shapeOf(tensor)));
    count *= size;
  }
}

struct Field {
  std::string_view name;
  int64_t entries;
};

std::vector<Field> filledFields(const onnx::TensorProto& tensor) {
  std::vector<Field> filled;
  for (const Field field :
       {Field{"raw_data", static_cast<int64_t>(tensor.raw_data().size())},
        Field{"float_data", tensor.float_data_size()}, Field{"int32_data", tensor.int32_data_size()},
        Field{"int64_data", tensor.int64_data_size()}, Field{"uint64_data", tensor.uint64_data_size()},
        Field{"double_data", tensor.double_data_size()}, Field{"string_data", tensor.string_data_size()}}) {
    if (field.entries > 0) filled.push_back(field);
  }
  return filled;
}

/// Entries that the elements take in a typed field; -1 where ONNX leaves the packing open.
int64_t typedEntries(const onnx::TensorProto& tensor) {
  const int64_t count = elementCount(shapeOf(tensor));
  if (tensor.data_type() == Type::COMPLEX64 || tensor.data_type() == Type::COMPLEX128) return 2 * count;
  const int bits = bitsOf(tensor.data_type());
  return bits != 0 && bits < 8 ? -1 : count;
}

void checkData(const onnx::TensorProto& tensor) {
  const auto filled = filledFields(tensor);
  if (filled.size() > 1) throwBadInput("has data both in {} and in {}", filled[0].name, filled[1].name);
  const Field found = filled.empty() ? Field{"raw_data", 0} : filled[0];
  const bool is_raw = found.name == "raw_data" && bitsOf(tensor.data_type()) != 0;
  const int64_t expected = is_raw ? rawSize(tensor) : typedEntries(tensor);
  if (expected >= 0 && found.entries != expected) {
    throwBadInput("of shape {} holds {} {} of data, expected {}", toString(shapeOf(tensor)), found.entries,
                  is_raw ? "bytes" : "elements", expected);
  }
  if (found.entries == 0) return;
  try {
    onnx::checker::check_tensor(tensor, onnx::checker::CheckerContext());
  } catch (const std::exception& error) {
    throwBadInput("is malformed: {}", onnxMessage(error.what()));
  }
}

void checkTensor(const onnx::TensorProto& tensor) {
  checkType(tensor);
  checkShape(tensor);
  if (tensor.has_segment()) throwUnsupported("is stored in segments, which this program does not read");
  const bool is_external = tensor.data_location() == Type::EXTERNAL;
  if (is_external && !filledFields(tensor).empty()) throwBadInput("has data both in this file and in another one");
  if (!is_external) checkData(tensor);
}

void checkSparse(const onnx::SparseTensorProto& sparse, const std::string& label) {
  labelled(label, [&] {
    checkTensor(sparse.values());
    if (sparse.has_indices()) checkTensor(sparse.indices());
    const bool is_external =
        sparse.values().data_location() == Type::EXTERNAL || sparse.indices().data_location() == Type::EXTERNAL;
    if (is_external) throwUnsupported("is sparse and keeps its data in another file, which this program does not read");
    try {
      onnx::checker::check_sparse_tensor(sparse, onnx::checker::CheckerContext());
    } catch (const std::exception& error) {
      throwBadInput("is malformed: {}", onnxMessage(error.what()));
    }
  });
}

void checkNodeTensors(const onnx::NodeProto& node) {
  forEachTensorIn(node, [](const onnx::TensorProto& tensor, const onnx::NodeProto& owner, const std::string& what) {
    labelled(fmt::format("node '{}' ({}): {}", labelOf(owner), owner.op_type(), what), [&] { checkTensor(tensor); });
  });
}

}  // namespace

int64_t rawSize(const onnx::TensorProto& tensor) {
  return (elementCount(shapeOf(tensor)) * bitsOf(tensor.data_type()) + 7) / 8;
}

void checkTensors(const onnx::ModelProto& model) {
  for (const auto& tensor : model.graph().initializer()) {
    if (tensor.name().empty()) throwBadInput("an initializer has no name");
    labelled(fmt::format("initializer '{}'", tensor.name()), [&] { checkTensor(tensor); });
  }
  for (const auto& sparse : model.graph().sparse_initializer()) {
    checkSparse(sparse, fmt::format("sparse initializer '{}'", sparse.values().name()));
  }
  for (const auto& node : model.graph().node()) checkNodeTensors(node);
  for (const auto& function : model.functions()) {
    for (const auto& node : function.node()) checkNodeTensors(node);
  }
}

}  // namespace quant
