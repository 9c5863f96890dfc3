// LSTM, GRU and RNN in float: the inputs of all steps are multiplied by W at once, in both directions together; R is
// packed once and multiplied step by step.
#include <algorithm>

#include "core/error.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/matmul_dims.h"
#include "runtime/onednn/recurrent_cells.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

using Input = RecurrentInput;

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

/// dst[rows, columns] = src[rows, depth] x the transpose of a matrix [columns, depth], + bias.
class TransposedProduct {
 public:
  struct Sizes {
    int64_t rows, depth, columns;
  };

  /// The matrix's elements are looked at again when it is not constant.
  void prepare(const Sizes& sizes, const Tensor& matrix, bool is_constant, bool has_bias, const Device& device) {
    prepared_ = &cache_.get({sizes.rows, sizes.depth, sizes.columns, is_constant},
                            [&] { return make(sizes, is_constant, has_bias, device); });
    const memory::desc plain = describeTransposed(DataType::kFloat32, {sizes.depth, sizes.columns});
    prepared_->primitive.keep(DNNL_ARG_WEIGHTS, is_constant
                                                    ? packed_.get(matrix, true, plain, prepared_->weights, device)
                                                    : viewOf(matrix, plain, device));
  }

  void run(const float* src, const float* bias, float* dst, const Device& device) {
    if (bias == nullptr) return prepared_->primitive.run(device, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst}});
    prepared_->primitive.run(device, {{DNNL_ARG_SRC, src}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, dst}});
  }

 private:
  struct Prepared {
    memory::desc weights;
    Primitive primitive;
  };

  static Prepared make(const Sizes& sizes, bool is_constant, bool has_bias, const Device& device) {
    const auto src = describe(DataType::kFloat32, {sizes.rows, sizes.depth});
    const auto dst = describe(DataType::kFloat32, {sizes.rows, sizes.columns});
    const auto bias = has_bias ? describe(DataType::kFloat32, {1, sizes.columns}) : memory::desc();
    const Shape weights{sizes.depth, sizes.columns};
    const dnnl::matmul::primitive_desc descriptor(
        device.engine, src,
        is_constant ? describeAny(DataType::kFloat32, weights) : describeTransposed(DataType::kFloat32, weights), bias,
        dst, plainAttributes());
    Prepared prepared{descriptor.weights_desc(), Primitive(device, descriptor)};
    prepared.primitive.declare(DNNL_ARG_SRC, src, device);
    prepared.primitive.declare(DNNL_ARG_DST, dst, device);
    if (has_bias) prepared.primitive.declare(DNNL_ARG_BIAS, bias, device);
    return prepared;
  }

  PackedWeights packed_;
  ShapeCache<Prepared> cache_;
  Prepared* prepared_ = nullptr;
};

/// The rows [first, first + count) of matrix `index` of a tensor of matrices.
Tensor rowsOf(const Tensor& matrices, int64_t index, int64_t first, int64_t count) {
  const int64_t rows = matrices.shape()[1], columns = matrices.shape()[2];
  const auto* data = matrices.data<float>().data() + (index * rows + first) * columns;
  return Tensor::view(DataType::kFloat32, {count, columns}, data, std::make_shared<Tensor>(matrices.alias()));
}

class Recurrent final : public FallbackKernel {
 public:
  Recurrent(const Node& node, int64_t opset, KernelRegistry::Factory other)
      : FallbackKernel(node, opset, std::move(other)),
        recurrence_(Recurrence::of(node)),
        state_products_(recurrence_.directions.size()),
        reset_products_(recurrence_.directions.size()) {}

 private:
  /// What a call reads and writes; null where it is left out.
  struct Call {
    RecurrentSizes sizes;
    std::vector<int64_t> lengths;
    const float* peepholes;
    const float* state_bias;  // B, for GRU
    const float* projected;   // W x + Wb of every step and direction
    float *y, *h, *c;         // h and c: [directions, batch, hidden]
  };

  bool tryRun(KernelContext& context) override {
    for (size_t i = 0; i < context.inputCount(); ++i) {
      if (i != Input::kLengths && context.has(i) && context.inputAsIs(i).type() != DataType::kFloat32) return false;
    }
    Call call{recurrentSizes(recurrence_, context),
              {},
              pointerOf(context, Input::kPeepholes),
              nullptr,
              nullptr,
              nullptr,
              nullptr,
              nullptr};
    call.lengths = sequenceLengths(call.sizes, context);
    if (recurrence_.gates == 3) call.state_bias = pointerOf(context, Input::kB);
    call.projected = project(context, call.sizes);
    call.h = initialState(context, Input::kInitialH, call.sizes, h_);
    call.c = initialState(context, Input::kInitialC, call.sizes, c_);
    if (context.wants(0)) call.y = makeY(context, call);
    prepareStateProducts(context, call.sizes);
    for (int64_t d = 0; d < call.sizes.directions; ++d) runDirection(call, d);
    giveState(context, 1, call.h, call.sizes);
    giveState(context, 2, call.c, call.sizes);
    return true;
  }

  static const float* pointerOf(KernelContext& context, size_t index) {
    const Tensor* tensor = context.optionalInput(index);
    return tensor == nullptr ? nullptr : tensor->data<float>().data();
  }

  [[nodiscard]] bool addsStateBiasLater(int64_t gate) const { return recurrence_.gates == 3 && gate == 2; }

  /// Wb, and Rb where it is simply added to it: for all directions.
  const float* biases(KernelContext& context, const RecurrentSizes& sizes) {
    const float* given = pointerOf(context, Input::kB);
    const int64_t rows = recurrence_.gates * sizes.hidden;
    float* const sums = bias_.take(sizes.directions * rows);
    for (int64_t d = 0; d < sizes.directions; ++d) {
      for (int64_t i = 0; i < rows; ++i) {
        const float* both = given == nullptr ? nullptr : given + 2 * d * rows;
        const bool only_first = addsStateBiasLater(i / sizes.hidden);
        sums[d * rows + i] = both == nullptr ? 0 : only_first ? both[i] : both[i] + both[rows + i];
      }
    }
    return sums;
  }

  /// [rows of X, directions * gates * hidden]
  const float* project(KernelContext& context, const RecurrentSizes& sizes) {
    const int64_t rows = sizes.steps * sizes.batch, columns = sizes.directions * recurrence_.gates * sizes.hidden;
    const Tensor& w = context.input(Input::kW);
    float* const dst = projected_.take(rows * columns);
    input_product_.prepare({rows, sizes.input, columns}, w, context.isConstant(Input::kW), true, device());
    input_product_.run(context.input(Input::kX).data<float>().data(), biases(context, sizes), dst, device());
    return dst;
  }

  float* initialState(KernelContext& context, size_t input, const RecurrentSizes& sizes, Scratch& scratch) const {
    const float* given = pointerOf(context, input);
    float* const state = scratch.take(sizes.directions * sizes.batch * sizes.hidden);
    for (int64_t d = 0; d < sizes.directions; ++d) {
      for (int64_t b = 0; b < sizes.batch; ++b) {
        float* const row = state + (d * sizes.batch + b) * sizes.hidden;
        if (given == nullptr)
          std::fill_n(row, sizes.hidden, 0.0F);
        else
          std::copy_n(given + sizes.stateRow(recurrence_.batch_first, d, b) * sizes.hidden, sizes.hidden, row);
      }
    }
    return state;
  }

  float* makeY(KernelContext& context, const Call& call) const {
    float* const y = context.output(0, DataType::kFloat32, call.sizes.y(recurrence_.batch_first)).data<float>().data();
    const bool is_full = std::ranges::all_of(call.lengths, [&](int64_t length) { return length == call.sizes.steps; });
    if (!is_full) std::fill_n(y, call.sizes.steps * call.sizes.directions * call.sizes.batch * call.sizes.hidden, 0.0F);
    return y;
  }

  void giveState(KernelContext& context, size_t output, const float* state, const RecurrentSizes& sizes) const {
    if (output >= context.outputCount() || !context.wants(output)) return;
    float* const dst =
        context.output(output, DataType::kFloat32, sizes.state(recurrence_.batch_first)).data<float>().data();
    for (int64_t d = 0; d < sizes.directions; ++d) {
      for (int64_t b = 0; b < sizes.batch; ++b) {
        std::copy_n(state + (d * sizes.batch + b) * sizes.hidden, sizes.hidden,
                    dst + sizes.stateRow(recurrence_.batch_first, d, b) * sizes.hidden);
      }
    }
  }

  /// GRU resets the state before its last product, which therefore waits for the gates.
  [[nodiscard]] bool resetsFirst() const { return recurrence_.gates == 3 && !recurrence_.linear_before_reset; }
  [[nodiscard]] int64_t firstGates() const { return resetsFirst() ? 2 : recurrence_.gates; }

  void prepareStateProducts(KernelContext& context, const RecurrentSizes& sizes) {
    const Tensor& r = context.input(Input::kR);
    const bool is_constant = context.isConstant(Input::kR);
    const int64_t n = sizes.hidden;
    for (int64_t d = 0; d < sizes.directions; ++d) {
      const auto at = static_cast<size_t>(d);
      state_products_[at].prepare({sizes.batch, n, firstGates() * n}, rowsOf(r, d, 0, firstGates() * n), is_constant,
                                  false, device());
      if (!resetsFirst()) continue;
      reset_products_[at].prepare({sizes.batch, n, n}, rowsOf(r, d, 2 * n, n), is_constant, false, device());
    }
  }

  void runDirection(const Call& call, int64_t d) {
    const int64_t longest = *std::ranges::max_element(call.lengths);
    const int64_t rows = call.sizes.batch * call.sizes.hidden;
    const Cell cell(recurrence_, recurrence_.directions[static_cast<size_t>(d)], call.sizes.hidden);
    float* const state = state_.take(firstGates() * rows);
    float* const h = call.h + d * rows;
    for (int64_t i = 0; i < longest; ++i) {
      state_products_[static_cast<size_t>(d)].run(h, nullptr, state, device());
      if (recurrence_.gates == 3)
        gruStep(call, cell, d, i);
      else
        forEachRow(call, d, i,
                   [&](const CellRow& row, int64_t) { recurrence_.gates == 4 ? cell.lstm(row) : cell.rnn(row); });
      if (call.y != nullptr) storeStep(call, d, i);
    }
  }

  void gruStep(const Call& call, const Cell& cell, int64_t d, int64_t i) {
    const int64_t n = call.sizes.hidden;
    float* const reset = reset_.take(call.sizes.batch * n);
    forEachRow(call, d, i, [&](const CellRow& row, int64_t b) { cell.gruGates(row, reset + b * n); });
    if (!resetsFirst()) {
      return forEachRow(call, d, i, [&](const CellRow& row, int64_t) { cell.gruState(row, row.state + 2 * n); });
    }
    float* const candidates = candidate_.take(call.sizes.batch * n);
    reset_products_[static_cast<size_t>(d)].run(reset, nullptr, candidates, device());
    forEachRow(call, d, i, [&](const CellRow& row, int64_t b) { cell.gruState(row, candidates + b * n); });
  }

  /// The place of a sequence's step `i` in X and Y.
  [[nodiscard]] int64_t stepOf(const Call& call, int64_t d, int64_t b, int64_t i) const {
    const bool reversed = recurrence_.directions[static_cast<size_t>(d)].reversed;
    return reversed ? call.lengths[static_cast<size_t>(b)] - 1 - i : i;
  }

  /// Calls visit(row, b) for every sequence that has a step `i`.
  template <class Visit>
  void forEachRow(const Call& call, int64_t d, int64_t i, Visit visit) {
    const RecurrentSizes& sizes = call.sizes;
    const int64_t n = sizes.hidden, gates = recurrence_.gates * n;
    float* const state = state_.take(0);
#pragma omp parallel for schedule(static) if (sizes.batch * gates > 1 << 14)
    for (int64_t b = 0; b < sizes.batch; ++b) {
      if (i >= call.lengths[static_cast<size_t>(b)]) continue;
      const int64_t x = sizes.xRow(recurrence_.batch_first, stepOf(call, d, b, i), b);
      const int64_t at = (d * sizes.batch + b) * n;
      visit(CellRow{call.projected + (x * sizes.directions + d) * gates, state + b * firstGates() * n,
                    call.state_bias == nullptr ? nullptr : call.state_bias + (2 * d + 1) * gates + 2 * n,
                    call.peepholes == nullptr ? nullptr : call.peepholes + 3 * d * n, call.h + at, call.c + at},
            b);
    }
  }

  void storeStep(const Call& call, int64_t d, int64_t i) const {
    const RecurrentSizes& sizes = call.sizes;
    for (int64_t b = 0; b < sizes.batch; ++b) {
      if (i >= call.lengths[static_cast<size_t>(b)]) continue;
      const int64_t row = sizes.yRow(recurrence_.batch_first, stepOf(call, d, b, i), d, b);
      std::copy_n(call.h + (d * sizes.batch + b) * sizes.hidden, sizes.hidden, call.y + row * sizes.hidden);
    }
  }

  Recurrence recurrence_;
  TransposedProduct input_product_;
  std::vector<TransposedProduct> state_products_, reset_products_;  // one for each direction
  Scratch bias_, projected_, state_, reset_, candidate_, h_, c_;
};

}  // namespace

void registerRecurrent(KernelRegistry& registry) {
  for (const char* op_type : {"LSTM", "GRU", "RNN"}) putBefore<Recurrent>(registry, "", op_type);
}

}  // namespace quant::onednn
