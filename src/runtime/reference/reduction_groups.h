#pragma once

#include <cstdint>
#include <vector>

#include "core/shape.h"

namespace quant::reference {

/// Which elements of a row-major tensor become one when some of its axes are reduced.
class ReductionGroups {
 public:
  /// `reduced` says for each axis whether it is.
  ReductionGroups(const Shape& shape, const std::vector<bool>& reduced);

  /// The first element of each group, in the order of the result.
  [[nodiscard]] const std::vector<int64_t>& starts() const { return starts_; }
  [[nodiscard]] int64_t groupSize() const { return static_cast<int64_t>(run_starts_.size()) * run_size_; }
  /// Calls visit(offset from the group's first element) for each element of a group, in memory order.
  template <class Visit>
  void forEach(Visit visit) const {
    for (const int64_t run_start : run_starts_) {
      for (int64_t i = 0; i < run_size_; ++i) visit(run_start + i * run_step_);
    }
  }

 private:
  std::vector<int64_t> starts_, run_starts_;
  int64_t run_size_ = 1, run_step_ = 0;  // the innermost reduced axis
};

}  // namespace quant::reference
