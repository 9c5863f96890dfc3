#include <algorithm>
#include <cstring>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/take.h"
#include "runtime/strided_walk.h"

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

/// What the axes of GatherND's inputs mean:
///
///   data     [batch..., indexed..., slice...]
///   indices  [batch..., tuples..., one position for each indexed axis]
///   dst      [batch..., tuples..., slice...]
struct TupleLayout {
  size_t batch_dims, depth;
  Shape dst;
  int64_t tuples, tuples_per_batch, slice;
};

TupleLayout tupleLayout(const Shape& data, const Shape& indices, int64_t batch_dims) {
  const auto rank = static_cast<int64_t>(data.size());
  const bool fits = batch_dims >= 0 && batch_dims < static_cast<int64_t>(indices.size()) && batch_dims <= rank &&
                    indices.back() <= rank - batch_dims &&
                    std::equal(data.begin(), data.begin() + batch_dims, indices.begin());
  if (!fits) {
    throwBadInput("GatherND with indices of shape {} into {} (batch_dims {})", toString(indices), toString(data),
                  batch_dims);
  }
  TupleLayout layout{static_cast<size_t>(batch_dims), static_cast<size_t>(indices.back()), {}, 0, 0, 0};
  layout.dst.assign(indices.begin(), indices.end() - 1);
  layout.tuples = elementCount(layout.dst);
  layout.tuples_per_batch = elementCount({indices.begin() + batch_dims, indices.end() - 1});
  const Shape slice(data.begin() + batch_dims + indices.back(), data.end());
  layout.slice = elementCount(slice);
  layout.dst.insert(layout.dst.end(), slice.begin(), slice.end());
  return layout;
}

void gatherNd(const Node& node, KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1);
  const TupleLayout layout = tupleLayout(data.shape(), indices.shape(), node.attr("batch_dims", int64_t{0}));
  const auto positions = toInts(indices);
  const auto strides = rowMajorStrides(data.shape());
  const int64_t batch_stride = layout.batch_dims == 0 ? 0 : strides[layout.batch_dims - 1];
  Tensor& dst = context.output(0, data.type(), layout.dst);
  const auto element = static_cast<size_t>(elementSize(data.type()));
  const size_t block = static_cast<size_t>(layout.slice) * element;
  for (int64_t tuple = 0; tuple < layout.tuples; ++tuple) {
    int64_t from = layout.batch_dims == 0 ? 0 : tuple / layout.tuples_per_batch * batch_stride;
    for (size_t i = 0; i < layout.depth; ++i) {
      const size_t axis = layout.batch_dims + i;
      const int64_t position = positions[static_cast<size_t>(tuple) * layout.depth + i];
      from += normalizeIndex(position, data.shape()[axis]) * strides[axis];
    }
    std::memcpy(static_cast<char*>(dst.bytes()) + static_cast<size_t>(tuple) * block,
                static_cast<const char*>(data.bytes()) + static_cast<size_t>(from) * element, block);
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
