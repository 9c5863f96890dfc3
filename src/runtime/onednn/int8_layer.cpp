#include "runtime/onednn/int8_layer.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace quant::onednn {

namespace {

constexpr int kPerOutput = 1 << 0, kPerGroupAndOutput = (1 << 0) | (1 << 1);  // oneDNN's masks for weights

/// oneDNN's own kernel: u8 x s8 (or s8 x s8) in one primitive with everything else as its post-operations.
class DirectForm final : public Int8Form {
 public:
  explicit DirectForm(const Int8Layer& layer) : layer_(layer) {}

  void run(const ConvolutionShape& shape, const Int8Arguments& arguments) override {
    const auto& [src, src_zero_point, residual, dst] = arguments;
    Primitive& primitive = cache_.get(keyOf({&src}), [&] { return prepare(shape, arguments.src); });
    // The sum post-operation adds what lies in dst.
    if (residual != nullptr) std::memcpy(dst.bytes(), residual->bytes(), dst.byteSize());
    primitive.run(device_, {{DNNL_ARG_SRC, src.bytes()},
                            {DNNL_ARG_DST, dst.bytes()},
                            {DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, &src_zero_point}});
  }

 private:
  static constexpr int kMultipliers = DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;

  [[nodiscard]] bool isInt8Result() const {
    return layer_.dst_type == DataType::kUInt8 || layer_.dst_type == DataType::kInt8;
  }
  /// oneDNN's scales come before its bias, which suits a layer without one; else the multipliers are a post-operation.
  [[nodiscard]] bool scalesBeforeBias() const { return layer_.bias.empty() && !layer_.multipliers.empty(); }
  [[nodiscard]] bool scalesAfterBias() const { return !layer_.bias.empty() && !layer_.multipliers.empty(); }

  [[nodiscard]] memory::desc describeMultipliers(size_t rank) const {
    Shape shape(rank, 1);
    shape[1] = layer_.weights.shape()[0];
    return describe(DataType::kFloat32, shape, Layout::kChannelsLast);
  }

  [[nodiscard]] dnnl::primitive_attr attributes(const ConvolutionShape& shape) const {
    dnnl::primitive_attr attributes = plainAttributes();
    attributes.set_zero_points_mask(DNNL_ARG_SRC, 0);
    if (isInt8Result()) attributes.set_zero_points_mask(DNNL_ARG_DST, 0);
    const bool has_groups = static_cast<int64_t>(shape.weights.size()) > layer_.weights.rank();
    if (scalesBeforeBias()) attributes.set_scales_mask(DNNL_ARG_WEIGHTS, has_groups ? kPerGroupAndOutput : kPerOutput);
    attributes.set_post_ops(postOps(shape.dst.size()));
    return attributes;
  }

  [[nodiscard]] dnnl::post_ops postOps(size_t rank) const {
    dnnl::post_ops ops;
    if (scalesAfterBias()) ops.append_binary(dnnl::algorithm::binary_mul, describeMultipliers(rank));
    if (const auto& residual = layer_.residual) {
      ops.append_sum(residual->scale, residual->zero_point, memoryType(residual->type));
    }
    layer_.activation.appendTo(ops);
    if (layer_.divisor != 1) ops.append_eltwise(dnnl::algorithm::eltwise_linear, 1 / layer_.divisor, 0);
    // Before the zero point, as ONNX has it: oneDNN's own rounding comes after.
    if (isInt8Result()) ops.append_eltwise(dnnl::algorithm::eltwise_round, 0, 0);
    return ops;
  }

  Primitive prepare(const ConvolutionShape& wanted, const Tensor& src) {
    const ConvolutionShape shape = withoutThreeTiles(wanted);
    const WindowDims& window = shape.window;
    const memory::desc bias =
        layer_.bias.empty() ? memory::desc() : describe(DataType::kFloat32, {layer_.weights.shape()[0]});
    const dnnl::convolution_forward::primitive_desc descriptor(
        device_.engine, dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct,
        describe(src.type(), shape.src, Layout::kChannelsLast), describeAny(DataType::kInt8, shape.weights), bias,
        describe(layer_.dst_type, shape.dst, Layout::kChannelsLast), window.strides, window.gaps, window.pads_begin,
        window.pads_end, attributes(shape));

    Primitive primitive(device_, descriptor);
    primitive.declare(DNNL_ARG_SRC, descriptor.src_desc(), device_);
    primitive.declare(DNNL_ARG_DST, descriptor.dst_desc(), device_);
    primitive.declare(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_SRC, describe(DataType::kInt32, {1}), device_);
    primitive.keep(DNNL_ARG_WEIGHTS, packed_.get(layer_.weights, true, describe(DataType::kInt8, shape.weights),
                                                 descriptor.weights_desc(), device_));
    keepParameters(primitive, shape.dst.size());
    return primitive;
  }

  void keepParameters(Primitive& primitive, size_t rank) const {
    const std::vector<float> bias(layer_.bias.begin(), layer_.bias.end());
    if (!bias.empty()) primitive.keep(DNNL_ARG_BIAS, constantOf(bias, device_));
    if (scalesBeforeBias()) {
      primitive.keep(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, constantOf(layer_.multipliers, device_));
    }
    if (scalesAfterBias()) {
      primitive.keep(kMultipliers, constantOf(layer_.multipliers, describeMultipliers(rank), device_));
    }
    if (isInt8Result()) {
      primitive.keep(DNNL_ARG_ATTR_ZERO_POINTS | DNNL_ARG_DST, constantOf(layer_.dst_zero_point, device_));
    }
  }

  const Int8Layer& layer_;
  Device device_;
  PackedWeights packed_;
  ShapeCache<Primitive> cache_;
};

}  // namespace

std::unique_ptr<Int8Form> makeDirectForm(const Int8Layer& layer) { return std::make_unique<DirectForm>(layer); }

std::optional<Tensor> symmetricWeights(const Tensor& weights, const std::vector<int32_t>& zero_points) {
  if (!isInt8(weights)) return {};
  const bool is_signed = weights.type() == DataType::kInt8;
  const int32_t middle = is_signed ? 0 : 128;
  if (!std::ranges::all_of(zero_points, [&](int32_t zero_point) { return zero_point == middle; })) return {};
  if (is_signed) return weights.alias();
  return shiftedToSigned(weights);
}

Tensor transposedWeights(const Tensor& b) {
  const auto depth = static_cast<size_t>(b.shape()[0]), columns = static_cast<size_t>(b.shape()[1]);
  Tensor weights(DataType::kInt8, {b.shape()[1], b.shape()[0], 1, 1});
  const auto from = b.data<int8_t>();
  const auto dst = weights.data<int8_t>();
  for (size_t k = 0; k < depth; ++k) {
    for (size_t n = 0; n < columns; ++n) dst[n * depth + k] = from[k * columns + n];
  }
  return weights;
}

Tensor shiftedToSigned(const Tensor& unsigned_integers) {
  Tensor shifted(DataType::kInt8, unsigned_integers.shape());
  std::ranges::transform(unsigned_integers.data<uint8_t>(), shifted.data<int8_t>().begin(),
                         [](uint8_t q) { return static_cast<int8_t>(q - 128); });
  return shifted;
}

}  // namespace quant::onednn
