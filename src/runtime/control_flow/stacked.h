#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"
#include "runtime/kernel.h"

namespace quant {

/// One scan output: what the iterations gave, along a new axis.
class Stacked {
 public:
  /// `type`: what the body says of one element of the stack.
  explicit Stacked(std::optional<ValueType> type, int64_t axis = 0, bool reversed = false)
      : type_(std::move(type)), axis_(axis), reversed_(reversed) {}

  /// Throws (bad input) when it is of another type or shape than those before.
  void add(Tensor element);
  /// Makes output `index` of what was added, and forgets it.
  void giveTo(KernelContext& context, size_t index);

 private:
  std::optional<ValueType> type_;
  int64_t axis_;
  bool reversed_;
  std::vector<Tensor> elements_;
};

}  // namespace quant
