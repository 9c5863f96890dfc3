#pragma once

#include <cstddef>
#include <memory>

#include "core/tensor.h"

namespace quant {

/// Hands out memory for intermediate tensors and takes it back when the last tensor over it is gone, so that a run
/// touches about as many pages as its widest point needs, and the next run no new ones. For one thread at a time.
class BufferPool {
 public:
  BufferPool();

  /// A tensor whose elements are not initialised. It may outlive the pool.
  Tensor make(DataType type, Shape shape, Layout layout = Layout::kPlain);
  /// Bytes that the pool holds, in use or not.
  [[nodiscard]] size_t reservedBytes() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace quant
