#include <algorithm>
#include <cstring>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_walk.h"
#include "runtime/ops/take.h"

namespace quant {

namespace {

std::vector<int64_t> indicesInto(int64_t size, const Tensor& tensor) {
  auto indices = toInts(tensor);
  for (int64_t& index : indices) index = normalizeIndex(index, size);
  return indices;
}

void gather(const Node& node, KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1);
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{0}), data.rank());
  const auto at = data.shape().begin() + axis;
  Shape shape(data.shape().begin(), at);
  shape.insert(shape.end(), indices.shape().begin(), indices.shape().end());
  shape.insert(shape.end(), at + 1, data.shape().end());
  context.setOutput(0, takeAlong(data, axis, indicesInto(*at, indices)).alias(std::move(shape)));
}

//   dst[i][j][k] = data[indices[i][j][k]][j][k]   for axis 0
void gatherElements(const Node& node, KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1);
  const auto axis = static_cast<size_t>(normalizeAxis(node.attr("axis", int64_t{0}), data.rank()));
  requireCount("the shape of GatherElements' indices", indices.shape().size(), data.shape().size());
  for (size_t i = 0; i < data.shape().size(); ++i) {
    if (i != axis && indices.shape()[i] > data.shape()[i]) {
      throwBadInput("GatherElements with indices of shape {} into {}", toString(indices.shape()),
                    toString(data.shape()));
    }
  }
  const auto index = indicesInto(data.shape()[axis], indices);
  auto steps = rowMajorStrides(data.shape());
  const int64_t axis_stride = std::exchange(steps[axis], 0);
  const StridedWalk<1> walk(indices.shape(), {steps});
  Tensor& dst = context.output(0, data.type(), indices.shape());
  withElementWord(data.type(), "GatherElements", [&](auto word) {
    const auto* from = static_cast<const decltype(word)*>(data.bytes());
    auto* to = static_cast<decltype(word)*>(dst.bytes());
    parallelRange(walk.elementCount(), [&](int64_t begin, int64_t end) {
      walk.forEachRun(begin, end, [&](int64_t at, const std::array<int64_t, 1>& base, int64_t length) {
        for (int64_t i = 0; i < length; ++i) {
          to[at + i] = from[base[0] + i * walk.innerStep(0) + index[static_cast<size_t>(at + i)] * axis_stride];
        }
      });
    });
  });
}

/// The last axis of `indices` holds positions along the axes of `data` after the first `batch_dims`; what lies there is
/// a slice of the remaining axes.
void gatherNd(const Node& node, KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1);
  const int64_t batch_dims = node.attr("batch_dims", int64_t{0});
  const int64_t depth = indices.rank() == 0 ? 0 : indices.shape().back();
  if (batch_dims < 0 || batch_dims >= indices.rank() || batch_dims + depth > data.rank()) {
    throwBadInput("GatherND with indices of shape {} into {} (batch_dims {})", toString(indices.shape()),
                  toString(data.shape()), batch_dims);
  }
  const auto slice_begin = data.shape().begin() + batch_dims + depth;
  const Shape slice(slice_begin, data.shape().end());
  Shape shape(indices.shape().begin(), indices.shape().end() - 1);
  const Shape batch(shape.begin(), shape.begin() + batch_dims);
  if (!std::equal(batch.begin(), batch.end(), data.shape().begin())) {
    throwBadInput("GatherND: the first {} sizes of {} and {} differ", batch_dims, toString(data.shape()),
                  toString(indices.shape()));
  }
  const int64_t tuples = elementCount(shape), per_batch = elementCount(batch) == 0 ? 1 : tuples / elementCount(batch);
  shape.insert(shape.end(), slice.begin(), slice.end());
  const auto positions = toInts(indices);
  const auto strides = rowMajorStrides(data.shape());
  const int64_t batch_stride = elementCount({data.shape().begin() + batch_dims, data.shape().end()});
  Tensor& dst = context.output(0, data.type(), std::move(shape));
  const auto element = static_cast<int64_t>(elementSize(data.type()));
  const auto block = static_cast<size_t>(elementCount(slice) * element);
  for (int64_t tuple = 0; tuple < tuples; ++tuple) {
    int64_t from = tuple / per_batch * batch_stride;
    for (int64_t i = 0; i < depth; ++i) {
      const auto axis = static_cast<size_t>(batch_dims + i);
      from += normalizeIndex(positions[static_cast<size_t>(tuple * depth + i)], data.shape()[axis]) * strides[axis];
    }
    std::memcpy(static_cast<char*>(dst.bytes()) + static_cast<size_t>(tuple) * block,
                static_cast<const char*>(data.bytes()) + from * element, block);
  }
}

void compress(const Node& node, KernelContext& context) {
  const Tensor& data = context.input(0);
  const auto condition = context.input(1).data<bool>();
  const Tensor flat = node.hasAttr("axis") ? data.alias() : data.alias({data.elementCount()});
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{0}), flat.rank());
  std::vector<int64_t> kept;
  for (size_t i = 0; i < condition.size(); ++i) {
    if (condition[i]) kept.push_back(normalizeIndex(static_cast<int64_t>(i), flat.shape()[static_cast<size_t>(axis)]));
  }
  context.setOutput(0, takeAlong(flat, axis, kept));
}

}  // namespace

void registerGatherOps(KernelRegistry& registry) {
  registry.addFunction("Gather", 1, gather);
  registry.addFunction("GatherElements", 11, gatherElements);
  registry.addFunction("GatherND", 11, gatherNd);
  registry.addFunction("Compress", 9, compress);
}

}  // namespace quant
