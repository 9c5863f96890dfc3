// com.microsoft's DynamicQuantizeLSTM with constant weights: the inputs of all steps become uint8 and are multiplied by
// W at once, as DynamicQuantizeLinear and QMatMul do it; then come the steps (recurrent_walk.h), whose states become
// uint8 one step at a time.
#include <algorithm>
#include <array>
#include <optional>

#include "runtime/lowering/lowering.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/recurrent_walk.h"
#include "runtime/onednn/register.h"
#include "runtime/quantized_product.h"
#include "runtime/reference/quant_input.h"

namespace quant::onednn {

namespace {

using Input = RecurrentInput;
using Value = KernelContext::Value;

constexpr size_t kWScale = 8, kWZeroPoint = 9, kRScale = 10, kRZeroPoint = 11;

/// Symmetric weights of all directions, [directions, inputs, gates * hidden], with a scale for each column.
struct Weights {
  Tensor numbers;
  std::vector<float> scales;
};

/// One number for each direction, or one for each column.
std::vector<float> columnScales(KernelContext& context, size_t index, int64_t directions, int64_t columns) {
  const int64_t count = context.inputAsIs(index).elementCount();
  std::vector<float> given = reference::scalesFor(context, index, count);
  if (count != directions) return given;
  std::vector<float> scales;
  for (const float scale : given) scales.insert(scales.end(), static_cast<size_t>(columns), scale);
  return scales;
}

std::optional<Weights> weightsAt(KernelContext& context, size_t index, size_t scale, size_t zero_point) {
  const Tensor& given = context.input(index);
  std::vector<int32_t> zero_points{0};
  if (context.has(zero_point)) {
    zero_points = reference::zeroPointsFor(context, zero_point, context.inputAsIs(zero_point).elementCount());
  }
  auto numbers = symmetricWeights(given, zero_points);
  if (!numbers) return {};
  const int64_t directions = given.shape()[0], columns = given.shape()[2];
  auto scales = columnScales(context, scale, directions, columns);
  if (std::ssize(scales) != directions * columns) return {};
  return Weights{std::move(*numbers), std::move(scales)};
}

/// The directions' columns beside each other: [inputs, directions * columns].
Tensor sideBySide(const Tensor& numbers) {
  const int64_t directions = numbers.shape()[0], inputs = numbers.shape()[1], columns = numbers.shape()[2];
  Tensor joined(DataType::kInt8, {inputs, directions * columns});
  const int8_t* from = numbers.data<int8_t>().data();
  int8_t* const to = joined.data<int8_t>().data();
  for (int64_t d = 0; d < directions; ++d) {
    for (int64_t i = 0; i < inputs; ++i, from += columns) {
      std::copy_n(from, columns, to + (i * directions + d) * columns);
    }
  }
  return joined;
}

/// R of one direction, turned around.
ByteGates gatesOf(const Weights& r, int64_t direction) {
  const int64_t inputs = r.numbers.shape()[1], columns = r.numbers.shape()[2];
  const int8_t* const from = r.numbers.data<int8_t>().data() + direction * inputs * columns;
  ByteGates gates;
  gates.numbers.resize(static_cast<size_t>(inputs * columns));
  for (int64_t i = 0; i < inputs; ++i) {
    for (int64_t c = 0; c < columns; ++c) gates.numbers[static_cast<size_t>(c * inputs + i)] = from[i * columns + c];
  }
  const auto first = r.scales.begin() + static_cast<std::ptrdiff_t>(direction * columns);
  gates.scales.assign(first, first + static_cast<std::ptrdiff_t>(columns));
  return gates;
}

Tensor floatsOf(const std::vector<float>& values) {
  return Tensor::of<float>({std::ssize(values)}, std::span<const float>(values));
}

class DynamicLstm final : public FallbackKernel {
 public:
  /// Kernels for the operators that its input goes through.
  struct Parts {
    KernelRegistry::Factory quantize, multiply;
  };

  DynamicLstm(const Node& node, int64_t opset, KernelRegistry::Factory other, PairSums pair_sums, const Parts& parts)
      : FallbackKernel(node, opset, std::move(other)),
        recurrence_(Recurrence::of(node)),
        pair_sums_(pair_sums),
        quantize_node_(makeNode("DynamicQuantizeLinear", {"x"}, {"y", "scale", "zero_point"})),
        product_node_(makeNode("QMatMul", {"a", "a_scale", "a_zero_point", "b", "b_scale", "b_zero_point", "bias"},
                               {"y"}, "", kFusedDomain)),
        quantize_(parts.quantize(quantize_node_, 11)),
        multiply_(parts.multiply(product_node_, 1)) {}

 private:
  /// Weights as they are multiplied.
  struct Prepared {
    Value w, scale, zero_point, bias;
    RecurrentWalk::Products state_products;
  };

  bool tryRun(KernelContext& context) override {
    for (const size_t input : {Input::kW, Input::kR, Input::kB, kWScale, kWZeroPoint, kRScale, kRZeroPoint}) {
      if (context.has(input) && !context.isConstant(input)) return false;
    }
    if (context.inputAsIs(Input::kX).type() != DataType::kFloat32) return false;
    const RecurrentSizes sizes = turnedRecurrentSizes(recurrence_, context);
    if (!prepared_ && !prepare(context, sizes)) return false;
    const Tensor projected = project(context);
    RecurrentCall call = recurrentCall(recurrence_, sizes, context);
    call.projected = projected.data<float>().data();
    walk_.run(call, prepared_->state_products, {});
    return true;
  }

  bool prepare(KernelContext& context, const RecurrentSizes& sizes) {
    const auto w = weightsAt(context, Input::kW, kWScale, kWZeroPoint);
    const auto r = weightsAt(context, Input::kR, kRScale, kRZeroPoint);
    if (!w || !r) return false;
    Prepared prepared;
    prepared.w = {sideBySide(w->numbers), {}, {}, true};
    prepared.scale = {floatsOf(w->scales), {}, {}, true};
    prepared.zero_point = {Tensor::scalar<int8_t>(0), {}, {}, true};
    prepared.bias = {floatsOf(biases(context, sizes)), {}, {}, true};
    for (int64_t d = 0; d < sizes.directions; ++d) {
      prepared.state_products.push_back(makeByteStateProduct(gatesOf(*r, d), sizes.hidden, pair_sums_));
    }
    prepared_ = std::move(prepared);
    return true;
  }

  /// Wb + Rb of all directions.
  [[nodiscard]] std::vector<float> biases(KernelContext& context, const RecurrentSizes& sizes) const {
    const int64_t columns = recurrence_.gates * sizes.hidden;
    std::vector<float> sums(static_cast<size_t>(sizes.directions * columns));
    const Tensor* const given = context.optionalInput(Input::kB);
    for (int64_t i = 0; given != nullptr && i < std::ssize(sums); ++i) {
      const float* const both = given->data<float>().data() + i / columns * 2 * columns + i % columns;
      sums[static_cast<size_t>(i)] = both[0] + both[columns];
    }
    return sums;
  }

  /// x W + biases: [steps, batch, directions * gates * hidden]
  Tensor project(KernelContext& context) {
    Value x{context.input(Input::kX).alias(), {}, {}};
    KernelContext quantization({&x}, 3, {true, true, true}, &pool_);
    quantize_->run(quantization);
    std::array<Value, 3> integers;  // with their scale and zero point
    for (size_t i = 0; i < integers.size(); ++i) integers[i].tensor = std::move(*quantization.results()[i]);
    KernelContext product({integers.data(), &integers[1], &integers[2], &prepared_->w, &prepared_->scale,
                           &prepared_->zero_point, &prepared_->bias},
                          1, {true}, &pool_);
    multiply_->run(product);
    return std::move(*product.results()[0]);
  }

  Recurrence recurrence_;
  PairSums pair_sums_;
  Node quantize_node_, product_node_;
  std::unique_ptr<Kernel> quantize_, multiply_;
  std::optional<Prepared> prepared_;
  BufferPool pool_;
  RecurrentWalk walk_;
};

}  // namespace

void registerDynamicLstm(KernelRegistry& registry, PairSums pair_sums) {
  const DynamicLstm::Parts parts{*registry.find("", "DynamicQuantizeLinear", 11),
                                 *registry.find(kFusedDomain, "QMatMul", 1)};
  putBefore<DynamicLstm>(registry, "com.microsoft", "DynamicQuantizeLSTM", pair_sums, parts);
}

}  // namespace quant::onednn
