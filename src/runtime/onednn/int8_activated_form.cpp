#include "runtime/onednn/int8_activated_form.h"

#include "runtime/broadcast.h"
#include "runtime/onednn/int8_tensor.h"

namespace quant::onednn {

namespace {

/// The layer up to the activation, as real numbers.
Int8Layer realLayer(const Int8Layer& layer) {
  Int8Layer real;
  real.weights = layer.weights.alias();
  real.groups = layer.groups;
  real.src_type = layer.src_type;
  real.bias = layer.bias;
  real.multipliers = layer.multipliers;
  real.residual = layer.residual;
  real.dst_type = DataType::kFloat32;
  return real;
}

class ActivatedForm final : public Int8Form {
 public:
  ActivatedForm(const Int8Layer& layer, PairSums pair_sums)
      : layer_(layer), real_layer_(realLayer(layer)), form_(chooseInt8Form(real_layer_, pair_sums)) {}

  void run(const ConvolutionShape& shape, const Int8Arguments& arguments) override {
    Tensor& dst = arguments.dst;
    Tensor reals(DataType::kFloat32, dst.shape(), dst.layout());
    form_->run(shape, {arguments.src, arguments.src_zero_point, arguments.residual, reals});
    Primitive& activate = cache_.get(
        keyOf({&reals}), [&] { return activationPrimitive(layer_.activation, reals.elementCount(), device_); });
    const bool rounds = isInt8(dst);
    void* const to = rounds ? reals.bytes() : dst.bytes();
    activate.run(device_, {{DNNL_ARG_SRC, reals.bytes()}, {DNNL_ARG_DST, to}});
    if (rounds) quantize(reals, dst);
  }

 private:
  void quantize(const Tensor& reals, Tensor& dst) const {
    const auto flip = flipOf(dst.type());
    const ByteScale to{layer_.divisor, layer_.dst_zero_point, flip};
    const float* const from = reals.data<float>().data();
    uint8_t* const bytes = bytesOf(dst);
    parallelRange(reals.elementCount(),
                  [&](int64_t begin, int64_t end) { quantizeRun(from + begin, bytes + begin, end - begin, to); });
  }

  const Int8Layer& layer_;
  Int8Layer real_layer_;
  std::unique_ptr<Int8Form> form_;
  Device device_;
  ShapeCache<Primitive> cache_;
};

}  // namespace

std::unique_ptr<Int8Form> makeActivatedForm(const Int8Layer& layer, PairSums pair_sums) {
  return std::make_unique<ActivatedForm>(layer, pair_sums);
}

}  // namespace quant::onednn
