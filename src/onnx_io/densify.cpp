#include "onnx_io/densify.h"

#include <cstring>

#include "core/error.h"
#include "graph/tensor_proto.h"

namespace quant {

namespace {

/// A few numbers can claim any size.
constexpr int64_t kMostBytes = int64_t{1} << 32;

/// Where the elements go: indices are of the flat tensor, or of each axis.
std::vector<int64_t> placesOf(const Tensor& indices, const Shape& shape) {
  const auto given = indices.data<int64_t>();
  if (indices.rank() < 2) return {given.begin(), given.end()};
  const size_t rank = shape.size();
  std::vector<int64_t> places;
  for (size_t first = 0; first + rank <= given.size(); first += rank) {
    int64_t place = 0;
    for (size_t axis = 0; axis < rank; ++axis) place = place * shape[axis] + given[first + axis];
    places.push_back(place);
  }
  return places;
}

Tensor dense(const onnx::SparseTensorProto& sparse) {
  const Shape shape(sparse.dims().begin(), sparse.dims().end());
  const Tensor values = tensorFromProto(sparse.values());
  const int bits = elementBits(values.type());
  if (bits < 8) throwUnsupported("is sparse and of type {}", toString(values.type()));
  const auto size = static_cast<size_t>(bits / 8);
  if (elementCount(shape) > kMostBytes / static_cast<int64_t>(size)) {
    throwUnsupported("is sparse and would take more than {} bytes as a plain tensor", kMostBytes);
  }
  Tensor result(values.type(), shape);
  std::memset(result.bytes(), 0, result.byteSize());
  if (values.elementCount() == 0) return result;
  const auto places = placesOf(tensorFromProto(sparse.indices()), shape);
  auto* const to = static_cast<std::byte*>(result.bytes());
  const auto* const from = static_cast<const std::byte*>(values.bytes());
  for (size_t i = 0; i < places.size(); ++i) {
    std::memcpy(to + static_cast<size_t>(places[i]) * size, from + i * size, size);
  }
  return result;
}

}  // namespace

void densifyInitializers(Graph& graph) {
  auto& sparse_tensors = *graph.rest().mutable_graph()->mutable_sparse_initializer();
  const google::protobuf::RepeatedPtrField<onnx::SparseTensorProto> given(sparse_tensors);
  sparse_tensors.Clear();
  for (const auto& sparse : given) {
    const std::string& name = sparse.values().name();
    try {
      graph.defineConstant(name, dense(sparse));
    } catch (Error& error) {
      error.addContext(fmt::format("reading the sparse initializer '{}'", name));
      throw;
    }
  }
  if (!given.empty()) graph.inferShapes();
}

}  // namespace quant
