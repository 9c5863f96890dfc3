// LSTM, GRU and RNN in float: the inputs of all steps are multiplied by W at once, in both directions together; then
// come the steps (recurrent_walk.h).
#include <algorithm>

#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/matmul_dims.h"
#include "runtime/onednn/recurrent_walk.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

using Input = RecurrentInput;

/// dst[rows, columns] = src[rows, depth] x the transpose of a matrix [columns, depth], + bias.
class TransposedProduct {
 public:
  struct Sizes {
    int64_t rows, depth, columns;
  };

  /// The matrix's elements are looked at again when it is not constant.
  void prepare(const Sizes& sizes, const Tensor& matrix, bool is_constant, const Device& device) {
    prepared_ = &cache_.get({sizes.rows, sizes.depth, sizes.columns, is_constant},
                            [&] { return make(sizes, is_constant, device); });
    const memory::desc plain = describeTransposed(DataType::kFloat32, {sizes.depth, sizes.columns});
    prepared_->primitive.keep(DNNL_ARG_WEIGHTS, is_constant
                                                    ? packed_.get(matrix, true, plain, prepared_->weights, device)
                                                    : viewOf(matrix, plain, device));
  }

  void run(const float* src, const float* bias, float* dst, const Device& device) {
    prepared_->primitive.run(device, {{DNNL_ARG_SRC, src}, {DNNL_ARG_BIAS, bias}, {DNNL_ARG_DST, dst}});
  }

 private:
  struct Prepared {
    memory::desc weights;
    Primitive primitive;
  };

  static Prepared make(const Sizes& sizes, bool is_constant, const Device& device) {
    const auto src = describe(DataType::kFloat32, {sizes.rows, sizes.depth});
    const auto dst = describe(DataType::kFloat32, {sizes.rows, sizes.columns});
    const auto bias = describe(DataType::kFloat32, {1, sizes.columns});
    const Shape weights{sizes.depth, sizes.columns};
    const dnnl::matmul::primitive_desc descriptor(
        device.engine, src,
        is_constant ? describeAny(DataType::kFloat32, weights) : describeTransposed(DataType::kFloat32, weights), bias,
        dst, plainAttributes());
    Prepared prepared{descriptor.weights_desc(), Primitive(device, descriptor)};
    prepared.primitive.declare(DNNL_ARG_SRC, src, device);
    prepared.primitive.declare(DNNL_ARG_DST, dst, device);
    prepared.primitive.declare(DNNL_ARG_BIAS, bias, device);
    return prepared;
  }

  PackedWeights packed_;
  ShapeCache<Prepared> cache_;
  Prepared* prepared_ = nullptr;
};

class Recurrent final : public FallbackKernel {
 public:
  Recurrent(const Node& node, int64_t opset, KernelRegistry::Factory other)
      : FallbackKernel(node, opset, std::move(other)), recurrence_(Recurrence::of(node)) {}

 private:
  bool tryRun(KernelContext& context) override {
    for (size_t i = 0; i < context.inputCount(); ++i) {
      if (i != Input::kLengths && context.has(i) && context.inputAsIs(i).type() != DataType::kFloat32) return false;
    }
    const RecurrentSizes sizes = recurrentSizes(recurrence_, context);
    prepareStateProducts(context, sizes);
    RecurrentCall call = recurrentCall(recurrence_, sizes, context);
    call.projected = project(context, sizes);
    walk_.run(call, state_products_, reset_products_);
    return true;
  }

  /// Wb, and Rb where it is simply added to it: for all directions.
  const float* biases(KernelContext& context, const RecurrentSizes& sizes) {
    const Tensor* const given = context.optionalInput(Input::kB);
    const int64_t rows = recurrence_.gates * sizes.hidden;
    float* const sums = bias_.take(sizes.directions * rows);
    if (given == nullptr) {
      std::fill_n(sums, sizes.directions * rows, 0.0F);
      return sums;
    }
    for (int64_t d = 0; d < sizes.directions; ++d) {
      const float* const both = given->data<float>().data() + 2 * d * rows;
      for (int64_t i = 0; i < rows; ++i) {
        const bool only_first = recurrence_.addsStateBiasLater() && i / sizes.hidden == 2;
        sums[d * rows + i] = only_first ? both[i] : both[i] + both[rows + i];
      }
    }
    return sums;
  }

  /// [rows of X, directions * gates * hidden]
  const float* project(KernelContext& context, const RecurrentSizes& sizes) {
    const int64_t rows = sizes.steps * sizes.batch, columns = sizes.directions * recurrence_.gates * sizes.hidden;
    const Tensor& w = context.input(Input::kW);
    float* const dst = projected_.take(rows * columns);
    input_product_.prepare({rows, sizes.input, columns}, w, context.isConstant(Input::kW), device());
    input_product_.run(context.input(Input::kX).data<float>().data(), biases(context, sizes), dst, device());
    return dst;
  }

  /// R as it is multiplied; made again at each run where it is not constant.
  void prepareStateProducts(KernelContext& context, const RecurrentSizes& sizes) {
    if (context.isConstant(Input::kR) && !state_products_.empty()) return;
    const int64_t gate = sizes.hidden * sizes.hidden;
    const bool resets_first = recurrence_.gates == 3 && !recurrence_.linear_before_reset;
    const int64_t at_once = resets_first ? 2 : recurrence_.gates;
    state_products_.clear();
    reset_products_.clear();
    for (int64_t d = 0; d < sizes.directions; ++d) {
      const float* const r = context.input(Input::kR).data<float>().data() + d * recurrence_.gates * gate;
      state_products_.push_back(makeFloatStateProduct(r, at_once, sizes.hidden));
      if (resets_first) reset_products_.push_back(makeFloatStateProduct(r + 2 * gate, 1, sizes.hidden));
    }
  }

  Recurrence recurrence_;
  TransposedProduct input_product_;
  RecurrentWalk::Products state_products_, reset_products_;
  RecurrentWalk walk_;
  Scratch bias_, projected_;
};

}  // namespace

void registerRecurrent(KernelRegistry& registry) {
  for (const char* op_type : {"LSTM", "GRU", "RNN"}) putBefore<Recurrent>(registry, "", op_type);
}

}  // namespace quant::onednn
