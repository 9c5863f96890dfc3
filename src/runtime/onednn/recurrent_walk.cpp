#include "runtime/onednn/recurrent_walk.h"

#include <omp.h>

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "runtime/onednn/recurrent_cells.h"
#include "runtime/onednn/spin_barrier.h"

namespace quant::onednn {

namespace {

/// Threads that work on one direction, and which of them this one is; outside of [0, size) it is none of them.
struct Team {
  int index, size;

  /// This thread's share of `count` things: where it begins and ends.
  [[nodiscard]] std::pair<int64_t, int64_t> shareOf(int64_t count) const {
    return {count * index / size, count * (index + 1) / size};
  }
};

/// How the threads of a direction divide the work of its steps.
enum class Division {
  kRows,   ///< by sequences, each of which goes its own way
  kUnits,  ///< by units: all states are needed for the next step, so they wait for each other
};

/// Directions divide the running threads where there are enough of them; else one thread takes all of them.
Team teamOf(int64_t direction, int64_t directions) {
  const int64_t threads = omp_get_num_threads(), index = omp_get_thread_num();
  if (threads < directions) return {static_cast<int>(index), 1};
  const int64_t first = threads * direction / directions, end = threads * (direction + 1) / directions;
  return {static_cast<int>(index - first), static_cast<int>(end - first)};
}

/// How far apart the gates of two sequences lie. One block more than they take: where they were a multiple of a page
/// apart, as the inputs are, the processor would take reading one for waiting for the other.
int64_t gatesStride(const RecurrentCall& call) {
  return call.recurrence.gates * paddedUnits(call.sizes.hidden) + kUnitBlock;
}

}  // namespace

/// What one thread does of one direction.
class RecurrentWalk::Direction {
 public:
  Direction(const RecurrentCall& call, int64_t direction, const Memory& memory, const Team& team, Division division,
            SpinBarrier& barrier)
      : call_(call),
        sizes_(call.sizes),
        direction_(direction),
        reversed_(call.recurrence.directions[static_cast<size_t>(direction)].reversed),
        padded_(paddedUnits(sizes_.hidden)),
        gates_stride_(gatesStride(call)),
        memory_(memory),
        team_(team),
        barrier_(barrier) {
    std::tie(first_row_, end_row_) = std::pair<int64_t, int64_t>(0, sizes_.batch);
    count_ = sizes_.hidden;
    if (division == Division::kRows) {
      std::tie(first_row_, end_row_) = team.shareOf(sizes_.batch);
      team_.size = 1;  // nobody to wait for
    } else {
      const auto [first, end] = team.shareOf(padded_ / kUnitBlock);
      first_ = first * kUnitBlock;
      count_ = std::min(end * kUnitBlock, sizes_.hidden) - first_;
    }
    active_end_ = end_row_;
    starts_.resize(static_cast<size_t>(sizes_.batch));
    zeros_.resize(static_cast<size_t>(sizes_.hidden));
  }

  void run(StateProduct& product, StateProduct* reset_product, int64_t steps) {
    const Cell cell(call_.recurrence, call_.recurrence.directions[static_cast<size_t>(direction_)], count_);
    for (step_ = 0; step_ < steps; ++step_) {
      before_ = memory_.states[static_cast<size_t>(step_ % 2)];
      after_ = memory_.states[static_cast<size_t>((step_ + 1) % 2)];
      if (product.keepsRowsApart()) dropEndedRows();
      if (active_end_ > first_row_) {
        read(product, before_);
        if (call_.recurrence.gates == 3)
          gru(cell, product, reset_product);
        else
          oneProduct(cell, product);
      }
      finishStep();
      meet();
    }
  }

 private:
  /// Sequences behind the last one that still has steps need no product.
  void dropEndedRows() {
    while (active_end_ > first_row_ && call_.lengths[static_cast<size_t>(active_end_ - 1)] <= step_) --active_end_;
  }

  /// LSTM and RNN.
  void oneProduct(const Cell& cell, StateProduct& product) {
    for (int64_t gate = 0; gate < call_.recurrence.gates; ++gate) multiply(product, gate, gate);
    forEachRow([&](int64_t b) { call_.recurrence.gates == 4 ? cell.lstm(cellRow(b)) : cell.rnn(cellRow(b)); });
  }

  void gru(const Cell& cell, StateProduct& product, StateProduct* reset_product) {
    for (const int64_t gate : {0, 1}) multiply(product, gate, gate);
    forEachRow([&](int64_t b) { cell.gruGates(cellRow(b)); });
    if (reset_product == nullptr) {
      multiply(product, 2, 2);
    } else {
      forEachRow([&](int64_t b) { cell.gruReset(cellRow(b), memory_.resets + b * padded_ + first_); });
      meet();
      read(*reset_product, memory_.resets);
      multiply(*reset_product, 0, 2);
    }
    forEachRow([&](int64_t b) { cell.gruState(cellRow(b)); });
  }

  /// Waits for the others.
  void meet() const {
    if (team_.size > 1) barrier_.wait(team_.size);
  }

  void read(StateProduct& product, const float* states) const {
    const float* const own = states + first_row_ * padded_;
    const int64_t rows = active_end_ - first_row_;
    // What the other threads have made comes all at once, rather than where the product meets it.
    for (int64_t at = 0; team_.size > 1 && at < rows * padded_; at += kUnitBlock) __builtin_prefetch(own + at);
    product.read(team_.index, own, rows);
  }

  /// Gate `of_product` of the product, on top of what the input or a bias gives to `gate`.
  void multiply(StateProduct& product, int64_t of_product, int64_t gate) {
    const int64_t n = sizes_.hidden;
    const bool is_of_state = call_.recurrence.addsStateBiasLater() && gate == 2;
    const float* const bias =
        call_.state_bias == nullptr ? zeros_.data() : call_.state_bias + (2 * direction_ + 1) * 3 * n + 2 * n;
    for (int64_t b = first_row_; b < active_end_; ++b) {
      starts_[static_cast<size_t>(b - first_row_)] = (is_of_state ? bias : inputOf(b) + gate * n) + first_;
    }
    product.multiply(team_.index, {of_product, first_, count_}, starts_.data(),
                     memory_.gates + first_row_ * gates_stride_ + gate * padded_ + first_, gates_stride_);
  }

  /// Of a sequence that has ended the input of its last step, for nothing.
  [[nodiscard]] int64_t stepOf(int64_t b) const {
    const int64_t length = call_.lengths[static_cast<size_t>(b)];
    const int64_t step = std::max<int64_t>(std::min(step_, length - 1), 0);
    return reversed_ && length > 0 ? length - 1 - step : step;
  }
  [[nodiscard]] const float* inputOf(int64_t b) const {
    const int64_t row = sizes_.xRow(call_.recurrence.batch_first, stepOf(b), b);
    return call_.projected + (row * sizes_.directions + direction_) * call_.recurrence.gates * sizes_.hidden;
  }

  [[nodiscard]] CellRow cellRow(int64_t b) const {
    const int64_t n = sizes_.hidden;
    return {memory_.gates + b * gates_stride_ + first_,
            padded_,
            inputOf(b) + 2 * n + first_,
            call_.peepholes == nullptr ? nullptr : call_.peepholes + 3 * direction_ * n + first_,
            n,
            before_ + b * padded_ + first_,
            after_ + b * padded_ + first_,
            memory_.c + b * padded_ + first_};
  }

  /// Calls visit(b) for every sequence that has this step.
  template <class Visit>
  void forEachRow(Visit visit) const {
    for (int64_t b = first_row_; b < end_row_; ++b) {
      if (step_ < call_.lengths[static_cast<size_t>(b)]) visit(b);
    }
  }

  /// The outputs of the step. A sequence that has ended is zeros from then on, which the range of all states holds
  /// anyway.
  void finishStep() const {
    const bool batch_first = call_.recurrence.batch_first;
    for (int64_t b = first_row_; b < end_row_; ++b) {
      const int64_t length = call_.lengths[static_cast<size_t>(b)];
      float* const state = after_ + b * padded_ + first_;
      if (step_ >= length) {
        std::fill_n(state, count_, 0.0F);
        continue;
      }
      if (call_.y != nullptr) {
        const int64_t row = sizes_.yRow(batch_first, stepOf(b), direction_, b);
        std::copy_n(state, count_, call_.y + row * sizes_.hidden + first_);
      }
      if (call_.h != nullptr && step_ + 1 == length) {
        std::copy_n(state, count_, call_.h + sizes_.stateRow(batch_first, direction_, b) * sizes_.hidden + first_);
      }
    }
  }

  const RecurrentCall& call_;
  const RecurrentSizes& sizes_;
  int64_t direction_;
  bool reversed_;
  int64_t padded_, gates_stride_;
  Memory memory_;
  Team team_;
  SpinBarrier& barrier_;
  int64_t first_row_, end_row_, active_end_;  // sequences of this thread
  int64_t first_ = 0, count_;                 // its units
  std::vector<const float*> starts_;
  std::vector<float> zeros_;
  int64_t step_ = 0;
  const float* before_ = nullptr;
  float* after_ = nullptr;
};

namespace {

/// One state of a direction, from ONNX's layout to rows of whole blocks.
void loadState(const RecurrentCall& call, int64_t direction, const float* given, float* state) {
  const RecurrentSizes& sizes = call.sizes;
  const int64_t padded = paddedUnits(sizes.hidden);
  std::fill_n(state, sizes.batch * padded, 0.0F);
  for (int64_t b = 0; given != nullptr && b < sizes.batch; ++b) {
    std::copy_n(given + sizes.stateRow(call.recurrence.batch_first, direction, b) * sizes.hidden, sizes.hidden,
                state + b * padded);
  }
}

void storeCells(const RecurrentCall& call, int64_t direction, const float* cells) {
  const RecurrentSizes& sizes = call.sizes;
  for (int64_t b = 0; call.c != nullptr && b < sizes.batch; ++b) {
    float* const to = call.c + sizes.stateRow(call.recurrence.batch_first, direction, b) * sizes.hidden;
    if (call.lengths[static_cast<size_t>(b)] == 0)
      std::fill_n(to, sizes.hidden, 0.0F);
    else
      std::copy_n(cells + b * paddedUnits(sizes.hidden), sizes.hidden, to);
  }
}

/// How many threads the steps are worth, and how they share them.
std::pair<int, Division> threadsFor(const RecurrentSizes& sizes, int64_t gates, int64_t steps,
                                    const StateProduct& product) {
  constexpr int64_t kWorthWaking = 4;  // times what is worth waiting for in a step
  const int64_t most = omp_in_parallel() != 0 ? 1 : omp_get_max_threads();
  const int64_t step = sizes.batch * gates * sizes.hidden * sizes.hidden;
  if (step * steps * sizes.directions < kWorthWaking * product.macsForThread()) return {1, Division::kRows};
  const auto threads = [&](int64_t in_team) { return static_cast<int>(std::min(most, sizes.directions * in_team)); };
  // Below two sequences a thread its product reads R as often as it is used.
  if (product.keepsRowsApart() && sizes.batch * sizes.directions >= 2 * most) return {threads(most), Division::kRows};
  const int64_t blocks = paddedUnits(sizes.hidden) / kUnitBlock;
  return {threads(std::clamp<int64_t>(step / product.macsForThread(), 1, blocks)), Division::kUnits};
}

}  // namespace

RecurrentCall recurrentCall(const Recurrence& recurrence, const RecurrentSizes& sizes, KernelContext& context) {
  using Input = RecurrentInput;
  const auto given = [&](size_t input) -> const float* {
    const Tensor* tensor = context.optionalInput(input);
    return tensor == nullptr ? nullptr : tensor->data<float>().data();
  };
  const auto made = [&](size_t output, Shape shape) -> float* {
    if (output >= context.outputCount() || !context.wants(output)) return nullptr;
    return context.output(output, DataType::kFloat32, std::move(shape)).data<float>().data();
  };
  const Shape state = sizes.state(recurrence.batch_first);
  RecurrentCall call{.recurrence = recurrence,
                     .sizes = sizes,
                     .lengths = sequenceLengths(sizes, context),
                     .projected = nullptr,
                     .state_bias = recurrence.addsStateBiasLater() ? given(Input::kB) : nullptr,
                     .peepholes = given(Input::kPeepholes),
                     .initial_h = given(Input::kInitialH),
                     .initial_c = given(Input::kInitialC),
                     .y = made(0, sizes.y(recurrence.batch_first)),
                     .h = made(1, state),
                     .c = made(2, state)};
  const bool is_full = std::ranges::all_of(call.lengths, [&](int64_t length) { return length == sizes.steps; });
  const int64_t states = sizes.directions * sizes.batch * sizes.hidden;
  if (call.y != nullptr && !is_full) std::fill_n(call.y, sizes.steps * states, 0.0F);
  if (call.h != nullptr && !is_full) std::fill_n(call.h, states, 0.0F);
  return call;
}

std::vector<RecurrentWalk::Memory> RecurrentWalk::lay(const RecurrentCall& call) {
  const int64_t directions = call.sizes.directions;
  const int64_t size = call.sizes.batch * paddedUnits(call.sizes.hidden);
  float* const states = states_.take(2 * directions * size);
  float* const cells = cells_.take(directions * size);
  const int64_t gates = call.sizes.batch * gatesStride(call);
  float* const sums = gates_.take(directions * gates);
  float* const resets = resets_.take(directions * size);
  // What fills up the blocks stays zero.
  std::fill_n(states, 2 * directions * size, 0.0F);
  std::fill_n(resets, directions * size, 0.0F);
  std::vector<Memory> memories;
  for (int64_t d = 0; d < directions; ++d) {
    memories.push_back(
        {{states + 2 * d * size, states + (2 * d + 1) * size}, cells + d * size, sums + d * gates, resets + d * size});
    loadState(call, d, call.initial_h, memories.back().states[0]);
    loadState(call, d, call.initial_c, memories.back().c);
  }
  return memories;
}

void RecurrentWalk::run(const RecurrentCall& call, const Products& products, const Products& reset_products) {
  const int64_t directions = call.sizes.directions;
  const int64_t steps = *std::ranges::max_element(call.lengths);
  const std::vector<Memory> memories = lay(call);
  const auto sharing = threadsFor(call.sizes, call.recurrence.gates, steps, *products[0]);
  const int threads = sharing.first;
  for (const Products* all : {&products, &reset_products}) {
    for (const auto& product : *all) product->prepare(call.sizes.batch, threads);
  }
  std::array<SpinBarrier, 2> barriers;
#pragma omp parallel num_threads(threads) if (threads > 1)
  for (int64_t d = 0; d < directions; ++d) {
    const Team team = teamOf(d, directions);
    if (team.index < 0 || team.index >= team.size) continue;
    const auto at = static_cast<size_t>(d);
    Direction(call, d, memories[at], team, sharing.second, barriers[at])
        .run(*products[at], reset_products.empty() ? nullptr : reset_products[at].get(), steps);
  }
  for (int64_t d = 0; d < directions; ++d) {
    const Memory& memory = memories[static_cast<size_t>(d)];
    storeCells(call, d, memory.c);
  }
}

}  // namespace quant::onednn
