#include <algorithm>

#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"
#include "runtime/strided_walk.h"

namespace quant {

namespace {

/// What becomes of an element that an update hits.
enum class Reduction { kNone, kAdd, kMul, kMax, kMin };

Reduction reductionOf(const Node& node) {
  const std::string name = node.attr("reduction", "none");
  if (name == "none") return Reduction::kNone;
  if (name == "add") return Reduction::kAdd;
  if (name == "mul") return Reduction::kMul;
  if (name == "max") return Reduction::kMax;
  if (name == "min") return Reduction::kMin;
  throwBadInput("{} with reduction '{}', expected none, add, mul, max or min", node.opType(), name);
}

template <class T>
T reduce(Reduction reduction, T old_value, T update) {
  using Compute = ComputeType<T>;
  const auto a = static_cast<Compute>(old_value), b = static_cast<Compute>(update);
  switch (reduction) {
    case Reduction::kNone: return update;
    case Reduction::kAdd: return T(a + b);
    case Reduction::kMul: return T(a * b);
    case Reduction::kMax: return T(std::max(a, b));
    case Reduction::kMin: return T(std::min(a, b));
  }
  return update;
}

/// For bool, add is "or" and mul is "and".
template <>
bool reduce<bool>(Reduction reduction, bool old_value, bool update) {
  switch (reduction) {
    case Reduction::kNone: return update;
    case Reduction::kAdd:
    case Reduction::kMax: return old_value || update;
    case Reduction::kMul:
    case Reduction::kMin: return old_value && update;
  }
  return update;
}

/// dst[i] = the reduction of dst[i] and update, in turn for every pair that `forEachPair` calls its visitor with. One
/// after the other, because the same element may be hit more than once.
template <class ForEachPair>
void applyUpdates(Tensor& dst, const Tensor& updates, Reduction reduction, ForEachPair forEachPair) {
  if (updates.type() != dst.type()) {
    throwBadInput("updates of type {} for data of type {}", toString(updates.type()), toString(dst.type()));
  }
  withElementType(dst.type(), kAllTypes, "scatter", [&](auto example) {
    using T = decltype(example);
    T* const to = dst.data<T>().data();
    const T* const from = updates.data<T>().data();
    forEachPair([&](int64_t at, int64_t update, int64_t length) {
      for (int64_t i = 0; i < length; ++i) to[at + i] = reduce(reduction, to[at + i], from[update + i]);
    });
  });
}

//   dst[indices[i][j][k]][j][k] = updates[i][j][k]   for axis 0
void scatterElements(const Node& node, KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1), &updates = context.input(2);
  const auto axis = static_cast<size_t>(normalizeAxis(node.attr("axis", int64_t{0}), data.rank()));
  bool fits = indices.shape() == updates.shape() && indices.rank() == data.rank();
  for (size_t i = 0; fits && i < data.shape().size(); ++i) fits = i == axis || indices.shape()[i] <= data.shape()[i];
  if (!fits) {
    throwBadInput("{} with indices of shape {} and updates of shape {} into {}", node.opType(),
                  toString(indices.shape()), toString(updates.shape()), toString(data.shape()));
  }
  auto index = toInts(indices);
  for (int64_t& i : index) i = normalizeIndex(i, data.shape()[axis]);
  auto steps = rowMajorStrides(data.shape());
  const int64_t axis_stride = std::exchange(steps[axis], 0);
  const StridedWalk<1> walk(indices.shape(), {steps});
  context.setOutput(0, data.clone());
  applyUpdates(*context.results()[0], updates, reductionOf(node), [&](auto visit) {
    walk.forEachRun(0, walk.elementCount(), [&](int64_t update, const std::array<int64_t, 1>& base, int64_t length) {
      for (int64_t i = 0; i < length; ++i) {
        const int64_t along = index[static_cast<size_t>(update + i)] * axis_stride;
        visit(base[0] + i * walk.innerStep(0) + along, update + i, 1);
      }
    });
  });
}

void scatterNd(const Node& node, KernelContext& context) {
  const Tensor &data = context.input(0), &indices = context.input(1), &updates = context.input(2);
  const int64_t depth = indices.rank() == 0 ? 0 : indices.shape().back();
  if (depth < 1 || depth > data.rank()) {
    throwBadInput("ScatterND with indices of shape {} into {}", toString(indices.shape()), toString(data.shape()));
  }
  Shape expected(indices.shape().begin(), indices.shape().end() - 1);
  const int64_t tuples = elementCount(expected);
  const Shape slice(data.shape().begin() + depth, data.shape().end());
  expected.insert(expected.end(), slice.begin(), slice.end());
  if (updates.shape() != expected) {
    throwBadInput("ScatterND with updates of shape {}, expected {}", toString(updates.shape()), toString(expected));
  }
  const auto positions = toInts(indices);
  const auto strides = rowMajorStrides(data.shape());
  const int64_t block = elementCount(slice);
  context.setOutput(0, data.clone());
  applyUpdates(*context.results()[0], updates, reductionOf(node), [&](auto visit) {
    for (int64_t tuple = 0; tuple < tuples; ++tuple) {
      int64_t at = 0;
      for (size_t i = 0; i < static_cast<size_t>(depth); ++i) {
        at += normalizeIndex(positions[static_cast<size_t>(tuple * depth) + i], data.shape()[i]) * strides[i];
      }
      visit(at, tuple * block, block);
    }
  });
}

/// Writes `update` into the cache from a position on that each sample of the batch has for itself.
void tensorScatter(const Node& node, KernelContext& context) {
  const Tensor &cache = context.input(0), &update = context.input(1);
  const auto axis = static_cast<size_t>(normalizeAxis(node.attr("axis", int64_t{-2}), cache.rank()));
  const bool circular = node.attr("mode", "linear") == "circular";
  Shape expected = cache.shape();
  if (update.rank() == cache.rank()) expected[axis] = update.shape()[axis];
  if (axis == 0 || update.shape() != expected) {
    throwBadInput("TensorScatter of shape {} into {} along axis {}", toString(update.shape()), toString(cache.shape()),
                  axis);
  }
  const int64_t batches = cache.shape()[0], length = cache.shape()[axis], steps = update.shape()[axis];
  const auto first = optionalInts(context, 2).value_or(std::vector<int64_t>(static_cast<size_t>(batches), 0));
  requireCount("TensorScatter's write_indices", first.size(), static_cast<size_t>(batches));
  const auto strides = rowMajorStrides(cache.shape()), update_strides = rowMajorStrides(update.shape());
  Shape box = cache.shape();
  box[0] = box[axis] = 1;
  context.setOutput(0, cache.clone());
  for (int64_t batch = 0; batch < batches; ++batch) {
    for (int64_t i = 0; i < steps; ++i) {
      const int64_t wanted = first[static_cast<size_t>(batch)] + i;
      const int64_t at = normalizeIndex(circular ? wanted % length : wanted, length);
      copyStrided(update, *context.results()[0],
                  {box, update_strides, strides, batch * update_strides[0] + i * update_strides[axis],
                   batch * strides[0] + at * strides[axis]});
    }
  }
}

}  // namespace

void registerScatterOps(KernelRegistry& registry) {
  registry.addFunction("Scatter", 9, scatterElements);
  registry.addFunction("ScatterElements", 11, scatterElements);
  registry.addFunction("ScatterND", 11, scatterNd);
  registry.addFunction("TensorScatter", 24, tensorScatter);
}

}  // namespace quant
