#include <algorithm>
#include <numeric>

#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/take.h"

namespace quant {

namespace {

/// Slices along an axis, grouped by equal contents.
struct Groups {
  std::vector<int64_t> first;     // of each group, the first slice
  std::vector<int64_t> group_of;  // of each slice
  std::vector<int64_t> counts;    // of each group
};

/// Compares slices element by element, in row-major order.
template <class T>
class SliceOrder {
 public:
  SliceOrder(const Tensor& tensor, int64_t axis)
      : data_(tensor.data<T>().data()), split_(splitAt(tensor.shape(), axis)) {}

  /// Negative, zero or positive, as slice a comes before, equals or comes after slice b.
  [[nodiscard]] int compare(int64_t a, int64_t b) const {
    for (int64_t o = 0; o < split_.outer; ++o) {
      for (int64_t i = 0; i < split_.inner; ++i) {
        const auto x = at(o, a, i), y = at(o, b, i);
        if (x < y) return -1;
        if (y < x) return 1;
      }
    }
    return 0;
  }
  [[nodiscard]] int64_t sliceCount() const { return split_.size; }

 private:
  [[nodiscard]] ComputeType<T> at(int64_t outer, int64_t slice, int64_t inner) const {
    return static_cast<ComputeType<T>>(data_[(outer * split_.size + slice) * split_.inner + inner]);
  }

  const T* data_;
  AxisSplit split_;
};

template <class T>
Groups groupSlices(const SliceOrder<T>& order) {
  std::vector<int64_t> sorted(static_cast<size_t>(order.sliceCount()));
  std::iota(sorted.begin(), sorted.end(), int64_t{0});
  std::ranges::stable_sort(sorted, [&](int64_t a, int64_t b) { return order.compare(a, b) < 0; });
  Groups groups;
  groups.group_of.resize(sorted.size());
  for (const int64_t slice : sorted) {
    if (groups.first.empty() || order.compare(groups.first.back(), slice) != 0) {
      groups.first.push_back(slice);
      groups.counts.push_back(0);
    }
    groups.group_of[static_cast<size_t>(slice)] = static_cast<int64_t>(groups.first.size()) - 1;
    ++groups.counts.back();
  }
  return groups;
}

/// The same groups in the order in which they appear.
Groups inOrderOfAppearance(const Groups& groups) {
  std::vector<int64_t> order = allAxes(static_cast<int64_t>(groups.first.size()));
  std::ranges::sort(order, {}, [&](int64_t group) { return groups.first[static_cast<size_t>(group)]; });
  Groups ordered{{}, groups.group_of, {}};
  std::vector<int64_t> renamed(order.size());
  for (const int64_t group : order) {
    renamed[static_cast<size_t>(group)] = static_cast<int64_t>(ordered.first.size());
    ordered.first.push_back(groups.first[static_cast<size_t>(group)]);
    ordered.counts.push_back(groups.counts[static_cast<size_t>(group)]);
  }
  for (int64_t& group : ordered.group_of) group = renamed[static_cast<size_t>(group)];
  return ordered;
}

void unique(const Node& node, KernelContext& context) {
  const Tensor& data = context.input(0);
  const Tensor flat = node.hasAttr("axis") ? data.alias() : data.alias({data.elementCount()});
  const int64_t axis = normalizeAxis(node.attr("axis", int64_t{0}), flat.rank());
  Groups groups;
  withElementType(data.type(), kAllTypes, "Unique",
                  [&](auto example) { groups = groupSlices(SliceOrder<decltype(example)>(flat, axis)); });
  if (node.attr("sorted", int64_t{1}) == 0) groups = inOrderOfAppearance(groups);
  context.setOutput(0, takeAlong(flat, axis, groups.first));
  const auto setList = [&](size_t index, const std::vector<int64_t>& list) {
    if (index < context.outputCount()) {
      context.setOutput(index, Tensor::of<int64_t>({static_cast<int64_t>(list.size())}, list));
    }
  };
  setList(1, groups.first);
  setList(2, groups.group_of);
  setList(3, groups.counts);
}

}  // namespace

void registerUniqueOps(KernelRegistry& registry) { registry.addFunction("Unique", 11, unique); }

}  // namespace quant
