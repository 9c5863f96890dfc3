// A transposed convolution of integers as a convolution. With stride s the results at positions of one remainder by s
// ("phase") are the convolution of the input with every s-th tap; all phases are channels of one convolution, which
// DepthToSpace sorts into place (sub-pixel convolution: Shi et al. 2016, "Is the deconvolution layer the same as a
// convolutional layer?").
#include <algorithm>
#include <limits>

#include "runtime/lowering/quantized_group.h"

namespace quant {

namespace {

constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

/// One spatial axis: result position p of all that the taps reach is phase p % stride of convolution position
/// p / stride; tap k lies in phase k % stride.
struct AxisPlan {
  int64_t stride, taps;        // taps of each phase
  int64_t pad_begin, pad_end;  // of the convolution
  int64_t cut_begin, cut_end;  // of what the phases give, behind DepthToSpace
};

AxisPlan planAxis(int64_t stride, int64_t window, int64_t pad_begin, int64_t pad_end, int64_t output_padding) {
  AxisPlan plan{stride, (window + stride - 1) / stride, 0, 0, 0, 0};
  // The phases give taps * stride positions for the first input and `stride` for each further one; asked for are the
  // window and `output_padding` without both pads. Positions before and behind come and go with the padding, in steps
  // of the stride.
  const int64_t behind = plan.taps * stride - window + pad_end - output_padding;
  const int64_t missing = behind < 0 ? (-behind + stride - 1) / stride : 0;
  const int64_t steps_begin = std::min(plan.taps - 1, pad_begin / stride);
  const int64_t steps_end = behind < 0 ? 0 : std::min(plan.taps - 1, behind / stride);
  plan.pad_begin = plan.taps - 1 - steps_begin;
  plan.pad_end = plan.taps - 1 - steps_end + missing;
  plan.cut_begin = pad_begin - steps_begin * stride;
  plan.cut_end = behind + (missing - steps_end) * stride;
  return plan;
}

class TransposedGroup {
 public:
  TransposedGroup(Graph& graph, Node& node) : graph_(graph), node_(node) {}

  bool fuse(const std::set<std::string>& watched) {
    const auto src = dequantizedFrom(graph_, node_.input(0)), weights = dequantizedFrom(graph_, node_.input(1));
    if (!src || !weights || src->params.axis() || !graph_.isConstant(weights->value)) return false;
    const Tensor& kernel = *graph_.constant(weights->value);
    groups_ = node_.attr("group", int64_t{1});
    if (!isAlongAxis(*weights, 1, kernel.rank()) || (weights->params.axis() && groups_ != 1)) return false;
    if (!planAxes(kernel.shape())) return false;
    const auto sink = quantizedInto(graph_, node_.output(), watched);
    if (!sink) return false;
    const auto bias = biasOfPhases(*src, *weights, kernel.shape()[1]);
    if (!bias) return false;

    QuantizedValue phases = *weights;
    phases.value = graph_.addConstant(weights->value + "_phases", weightsOfPhases(kernel, weights->params));
    if (weights->params.axis()) {
      phases.scale = repeated(weights->scale);
      phases.zero_point = repeated(weights->zero_point);
    }
    Names inputs;
    append(inputs, *src);
    append(inputs, phases);
    inputs.insert(inputs.end(), {sink->quantized.scale, sink->quantized.zero_point});
    if (!bias->empty()) inputs.push_back(*bias);
    replaceBy(inputs, *sink);
    return true;
  }

 private:
  /// False for what has no such form: dilated windows, results whose shape depends on the input's, and more than one
  /// phase where DepthToSpace cannot sort them.
  bool planAxes(const Shape& kernel) {
    const size_t axes = kernel.size() - 2;
    const std::vector<int64_t> ones(axes, 1), none(axes, 0);
    const auto strides = node_.attr("strides", ones), pads = node_.attr("pads", std::vector<int64_t>(2 * axes, 0));
    const auto output_padding = node_.attr("output_padding", none);
    const std::string auto_pad = node_.attr("auto_pad", "NOTSET");
    if (node_.attr("dilations", ones) != ones) return false;
    if (!node_.attr("output_shape", std::vector<int64_t>{}).empty()) return false;
    if (auto_pad != "NOTSET" && auto_pad != "VALID") return false;
    if (std::ranges::any_of(pads, [](int64_t pad) { return pad < 0; })) return false;
    phases_ = 1;
    for (size_t i = 0; i < axes; ++i) {
      axes_.push_back(planAxis(strides[i], kernel[i + 2], pads[i], pads[axes + i], output_padding[i]));
      phases_ *= strides[i];
    }
    return phases_ == 1 || (axes == 2 && strides[0] == strides[1]);
  }

  /// [inputs, outputs of a group, window...] -> [(group, output, phase), inputs of a group, taps...]; taps that a phase
  /// does not have are zero.
  [[nodiscard]] Tensor weightsOfPhases(const Tensor& kernel, const QuantParams& params) const {
    const int64_t inputs = kernel.shape()[0] / groups_, outputs = kernel.shape()[1];
    Shape shape = {groups_ * outputs * phases_, inputs};
    for (const auto& axis : axes_) shape.push_back(axis.taps);
    Tensor result(kernel.type(), shape);
    const auto from = rowMajorStrides(kernel.shape()), to = rowMajorStrides(shape);
    const auto* const source = static_cast<const uint8_t*>(kernel.bytes());
    auto* const target = static_cast<uint8_t*>(result.bytes());
    const auto zeros = params.zeroPoints();
    for (int64_t i = 0; i < shape[0]; ++i) {
      const int64_t channel = i / phases_ % outputs;
      std::fill_n(target + i * to[0], to[0], static_cast<uint8_t>(zeros[params.axis() ? channel : 0]));
    }
    const int64_t window = from[1];
    for (int64_t k = 0; k < window; ++k) {
      int64_t phase = 0, tap = 0;
      for (size_t i = 0; i < axes_.size(); ++i) {
        const int64_t at = k / from[i + 2] % kernel.shape()[i + 2];
        phase = phase * axes_[i].stride + at % axes_[i].stride;
        tap += (axes_[i].taps - 1 - at / axes_[i].stride) * to[i + 2];
      }
      for (int64_t g = 0; g < groups_; ++g) {
        for (int64_t c = 0; c < inputs; ++c) {
          for (int64_t m = 0; m < outputs; ++m) {
            const int64_t row = (g * outputs + m) * phases_ + phase;
            target[row * to[0] + c * to[1] + tap] = source[(g * inputs + c) * from[0] + m * from[1] + k];
          }
        }
      }
    }
    return result;
  }

  /// A constant vector with each element as often as there are phases.
  std::string repeated(const std::string& constant) {
    const Tensor& from = *graph_.constant(constant);
    const auto size = static_cast<int64_t>(elementSize(from.type()));
    Tensor result(from.type(), {from.elementCount() * phases_});
    const auto* const source = static_cast<const std::byte*>(from.bytes());
    auto* const target = static_cast<std::byte*>(result.bytes());
    for (int64_t i = 0; i < from.elementCount() * phases_; ++i) {
      std::copy_n(source + i / phases_ * size, size, target + i * size);
    }
    return graph_.addConstant(constant + "_of_phases", std::move(result));
  }

  std::optional<std::string> biasOfPhases(const QuantizedValue& src, const QuantizedValue& weights, int64_t outputs) {
    const auto bias = integerBias(graph_, node_.input(2), src, weights);
    if (!bias || bias->empty()) return bias;
    if (graph_.constant(*bias)->elementCount() != groups_ * outputs) return {};
    return repeated(*bias);
  }

  void replaceBy(const Names& inputs, const QuantizedSink& sink) {
    const std::string name = node_.name(), result = sink.quantized.value;
    for (Node* swallowed : sink.fused) graph_.removeNode(*swallowed);
    graph_.removeNode(node_);
    const bool has_phases = phases_ > 1;
    const bool is_cut = std::ranges::any_of(axes_, [](const auto& axis) { return axis.cut_begin + axis.cut_end > 0; });
    const std::string sorted = is_cut ? graph_.uniqueName(result + "_uncut") : result;
    const std::string convolved = has_phases ? graph_.uniqueName(result + "_phases") : sorted;

    std::vector<int64_t> pads;
    for (const auto& axis : axes_) pads.push_back(axis.pad_begin);
    for (const auto& axis : axes_) pads.push_back(axis.pad_end);
    Node& convolution = graph_.addNode(makeNode("QLinearConv", inputs, {convolved}, name));
    convolution.setAttr("pads", pads);
    convolution.setAttr("group", groups_);
    if (has_phases) {
      Node& sort = graph_.addNode(makeNode("DepthToSpace", {convolved}, {sorted}, name + "_DepthToSpace"));
      sort.setAttr("blocksize", axes_[0].stride);
      sort.setAttr("mode", std::string("CRD"));
    }
    if (is_cut) addCut(name, sorted, result);
  }

  void addCut(const std::string& name, const std::string& from, const std::string& to) {
    const int64_t count = std::ssize(axes_);
    Tensor starts(DataType::kInt64, {count}), ends(DataType::kInt64, {count}), axes(DataType::kInt64, {count});
    for (int64_t i = 0; i < count; ++i) {
      starts.data<int64_t>()[i] = axes_[i].cut_begin;
      ends.data<int64_t>()[i] = axes_[i].cut_end > 0 ? -axes_[i].cut_end : kToTheEnd;
      axes.data<int64_t>()[i] = i + 2;
    }
    const std::string base = to + "_cut";
    graph_.addNode(makeNode(
        "Slice",
        {from, graph_.addConstant(base + "_starts", std::move(starts)),
         graph_.addConstant(base + "_ends", std::move(ends)), graph_.addConstant(base + "_axes", std::move(axes))},
        {to}, name + "_Slice"));
  }

  Graph& graph_;
  Node& node_;
  int64_t groups_ = 1, phases_ = 1;
  std::vector<AxisPlan> axes_;
};

}  // namespace

bool fuseConvTranspose(Graph& graph, Node& node, const std::set<std::string>& watched) {
  return TransposedGroup(graph, node).fuse(watched);
}

}  // namespace quant
