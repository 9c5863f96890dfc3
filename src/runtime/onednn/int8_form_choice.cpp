// Which form computes an Int8Layer on this CPU: the fastest that gives the exact sums.
#include <algorithm>
#include <cstdlib>

#include "runtime/cpu.h"
#include "runtime/onednn/int8_activated_form.h"
#include "runtime/onednn/int8_layer.h"
#include "runtime/onednn/int8_results.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/int8_tiled_form.h"

namespace quant::onednn {

namespace {

/// Runs a layer of signed sources as one of unsigned ones, each 128 more, as is its zero point. CPUs without VNNI have
/// no products of two signed bytes: oneDNN halves the weights for them there.
class UnsignedSourceForm final : public Int8Form {
 public:
  UnsignedSourceForm(const Int8Layer& layer, PairSums pair_sums)
      : layer_{layer.weights.alias(), DataType::kUInt8, layer.bias,     layer.multipliers,   layer.residual,
               layer.activation,      layer.divisor,    layer.dst_type, layer.dst_zero_point},
        form_(chooseInt8Form(layer_, pair_sums)) {}

  void run(const ConvolutionShape& shape, const Int8Arguments& arguments) override {
    const Tensor& src = arguments.src;
    Tensor raised(DataType::kUInt8, src.shape(), src.layout());
    std::transform(bytesOf(src), bytesOf(src) + src.byteSize(), bytesOf(raised),
                   [](uint8_t byte) { return static_cast<uint8_t>(byte ^ 0x80); });
    form_->run(shape, {raised, arguments.src_zero_point + 128, arguments.residual, arguments.dst});
  }

 private:
  Int8Layer layer_;
  std::unique_ptr<Int8Form> form_;
};

}  // namespace

namespace {

/// oneDNN 3.2's AVX2 kernel for depthwise convolutions multiplies the last channels by 0 when there is a bias and the
/// last group of 8 channels is not full.
bool meetsDepthwiseFault(const Int8Layer& layer) {
  constexpr int64_t kLanes = 8;
  return layer.weights.shape()[1] == 1 && layer.weights.shape()[0] % kLanes != 0 && !layer.bias.empty() &&
         !layer.multipliers.empty() && !hasAvx512();
}

std::unique_ptr<Int8Form> makeOwnForm(const Int8Layer& layer, PairSums pair_sums) {
  if (!Int8Results::knows(layer.activation)) return makeActivatedForm(layer, pair_sums);
  return makeTiledForm(layer, pair_sums);
}

}  // namespace

bool pairsFit(const Tensor& weights) {
  constexpr int32_t kMost = 128;  // 255 * 128 < 2^15
  const int64_t channels = weights.shape()[1];
  const int64_t positions = weights.elementCount() / std::max<int64_t>(weights.shape()[0] * channels, 1);
  const int8_t* const data = weights.data<int8_t>().data();
  for (int64_t output = 0; output < weights.shape()[0]; ++output) {
    for (int64_t channel = 0; channel + 1 < channels; channel += 2) {
      const int8_t* const first = data + (output * channels + channel) * positions;
      for (int64_t position = 0; position < positions; ++position) {
        const int32_t a = first[position], b = first[positions + position];
        if ((a ^ b) >= 0 && std::abs(a) + std::abs(b) > kMost) return false;
      }
    }
  }
  return true;
}

std::unique_ptr<Int8Form> chooseInt8Form(const Int8Layer& layer, PairSums pair_sums) {
  if (meetsDepthwiseFault(layer)) return makeOwnForm(layer, PairSums::kExact);  // no pairs, nothing saturates
  if (pair_sums == PairSums::kExact && hasExactInt8Sums()) return makeDirectForm(layer);
  if (layer.src_type == DataType::kInt8) return std::make_unique<UnsignedSourceForm>(layer, pair_sums);
  if (pairsFit(layer.weights)) return makeDirectForm(layer);
  return makeOwnForm(layer, pair_sums);
}

}  // namespace quant::onednn
