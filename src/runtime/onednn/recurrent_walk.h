#pragma once

#include <array>
#include <memory>
#include <vector>

#include "core/tensor.h"
#include "runtime/onednn/state_product.h"
#include "runtime/recurrence.h"

namespace quant::onednn {

/// Memory that stays from run to run.
class Scratch {
 public:
  float* take(int64_t count) {
    if (buffer_.elementCount() < count) buffer_ = Tensor(DataType::kFloat32, {count});
    return buffer_.data<float>().data();
  }

 private:
  Tensor buffer_;
};

/// What the steps of one call read and write; pointers are null for what is left out.
struct RecurrentCall {
  const Recurrence& recurrence;
  RecurrentSizes sizes;
  std::vector<int64_t> lengths;
  const float* projected;   ///< W x + Wb (+ Rb, but see state_bias): [rows of X, directions, gates * hidden]
  const float* state_bias;  ///< B, where Rb of GRU's h gate is still to be added to R h
  const float* peepholes;
  const float *initial_h, *initial_c;
  float *y, *h, *c;  ///< the outputs
};

/// The call that a context holds, but for `projected`; makes the outputs. All inputs but the lengths must be float32.
RecurrentCall recurrentCall(const Recurrence& recurrence, const RecurrentSizes& sizes, KernelContext& context);

/// Goes through the steps of a recurrent operator when the inputs of all of them have been multiplied by W. Threads
/// share directions first and then the units of a step; no sum is ever split, so their number changes nothing.
class RecurrentWalk {
 public:
  /// One product with R for each direction. `reset_products` are those of GRU's h gate alone, where linear_before_reset
  /// is not set: its states are reset first.
  using Products = std::vector<std::unique_ptr<StateProduct>>;
  void run(const RecurrentCall& call, const Products& products, const Products& reset_products);

 private:
  /// The memory of one direction.
  struct Memory {
    std::array<float*, 2> states;  // [batch, paddedUnits], taking turns
    float *c, *gates, *resets;
  };
  class Direction;

  std::vector<Memory> lay(const RecurrentCall& call);

  Scratch states_, cells_, gates_, resets_;
};

}  // namespace quant::onednn
