#include "quantizer/weight_plan.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "quantizer/balanced_rounding.h"
#include "quantizer/input_means.h"
#include "quantizer/weights.h"

namespace quant {

namespace {

std::span<const float> biasOf(const Graph& graph, const Node& node) {
  return node.hasInput(2) ? graph.constant(node.input(2))->data<float>() : std::span<const float>();
}

QuantParams withScales(const QuantParams& params, std::vector<float> scales) {
  if (!params.axis()) return {params.storage(), scales[0], 0};
  std::vector<int32_t> zeros(scales.size(), 0);
  return {params.storage(), std::move(scales), std::move(zeros), *params.axis()};
}

/// Enlarges the scales where the bias asks for it.
void makeBiasFit(WeightPlan& plan, const Graph& graph, const Node& node, float src_scale) {
  std::vector<float> scales(plan.params.scales().begin(), plan.params.scales().end());
  plan.widened_channels = widenForBias(scales, src_scale, biasOf(graph, node));
  if (!std::ranges::all_of(scales, [](float scale) { return std::isfinite(scale); })) {
    throwBadInput(
        "the bias '{}' of node '{}' is too large to stand beside activations of scale {}; leave the node out "
        "with --exclude-node",
        node.input(2), node.label(), src_scale);
  }
  plan.params = withScales(plan.params, std::move(scales));
}

void makeSafe(WeightPlan& plan, const Tensor& weights, const WeightRows& rows) {
  SafeWeights safe = makeSaturationSafe(weights, rows, plan.params);
  plan.params = withScales(plan.params, std::move(safe.scales));
  plan.integers = std::move(safe.integers);
  plan.changed_channels = std::move(safe.channels);
}

void roundToNearest(WeightPlan& plan, const Tensor& weights) {
  const Tensor integers = plan.params.quantize(weights);
  plan.integers.assign(integers.data<int8_t>().begin(), integers.data<int8_t>().end());
}

void balance(WeightPlan& plan, const Tensor& weights, const WeightRows& rows, const InputMeans& means, bool stay_safe) {
  const bool has_pairs = stay_safe && !rows.isDepthwise();
  const auto limited = has_pairs ? neighboursOf(rows.positions(), rows.inputs()) : std::vector<Neighbours>();
  plan.balanced = balanceWeights(weights, rows, plan.params, means, limited, plan.integers);
}

/// An LSTM's [directions, gates, inputs] as one matrix; the weights of others as they are.
Tensor asMatrixOfGates(const Node& node, const Tensor& weights) {
  const Shape& shape = weights.shape();
  return node.is("LSTM") ? weights.alias({shape[0] * shape[1], shape[2]}) : weights.alias();
}

/// The weights of input channel c times levels[c], where there are levels.
Tensor levelled(const Tensor& weights, const WeightRows& rows, std::span<const float> levels) {
  if (levels.empty()) return weights.alias();
  if (levels.size() != rows.inputs()) {
    throwBadInput("there are levels for {} channels, but weights of shape {} for {}: calibrate again", levels.size(),
                  toString(weights.shape()), rows.inputs());
  }
  Tensor result(DataType::kFloat32, weights.shape());
  const auto from = weights.data<float>();
  const auto to = result.data<float>();
  for (size_t k = 0; k < rows.length(); ++k) {
    const float level = levels[k % levels.size()];
    for (size_t row = 0; row < rows.rows(); ++row) to[rows.at(row, k)] = from[rows.at(row, k)] * level;
  }
  return result;
}

/// Of rounding, what did not cancel out moves the mean of output channel o by the sum over k of error[o, k] * mean[k].
/// The bias takes that back.
void correctBias(WeightPlan& plan, std::span<const float> bias, const Tensor& weights, const WeightRows& rows,
                 const InputMeans& means) {
  const auto real = weights.data<float>();
  for (size_t row = 0; row < rows.rows(); ++row) {
    const double scale = plan.params.scales()[plan.params.axis() ? row : 0];
    const std::vector<float> mean = means.ofRow(row);
    double moved = 0;
    for (size_t k = 0; k < mean.size(); ++k) {
      const size_t i = rows.at(row, k);
      moved += (scale * plan.integers[i] - real[i]) * mean[k];
    }
    plan.bias.push_back(static_cast<float>(bias[row] - moved));
  }
}

}  // namespace

int64_t WeightPlan::unsafePairs() const {
  int64_t pairs = 0;
  for (const ChangedChannel& channel : changed_channels) pairs += channel.pairs;
  return pairs;
}

int64_t WeightPlan::loweredPairs() const {
  int64_t pairs = 0;
  for (const ChangedChannel& channel : changed_channels) pairs += channel.lowered;
  return pairs;
}

WeightPlan planWeights(const Graph& graph, const Node& node, int input, const WeightedInput& source,
                       const RangeTable& ranges, const Int8Options& options) {
  const Tensor& original = *graph.constant(node.input(input));
  const WeightRows rows(node, original.shape());
  const Tensor weights = levelled(original, rows, source.levels);
  WeightPlan plan{node.input(input), input, weightParams(node, weights, options)};
  plan.channels = static_cast<int64_t>(rows.rows());
  makeBiasFit(plan, graph, node, source.scale);
  const bool is_safe = rowOf(options.target).saturation_safe_weights;
  is_safe ? makeSafe(plan, weights, rows) : roundToNearest(plan, weights);

  const auto means = InputMeans::find(graph, node, rows, ranges);
  if (!means || options.rounding == WeightRounding::kNearest) return plan;
  // Weights that several nodes multiply other values with stay the same for all, and are stored once.
  if (productsWithWeights(graph, plan.constant) == 1) balance(plan, weights, rows, *means, is_safe);
  const auto bias = biasOf(graph, node);
  if (bias.size() == rows.rows()) correctBias(plan, bias, weights, rows, *means);
  return plan;
}

WeightPlan planDynamicWeights(const Graph& graph, const Node& node, int input, std::span<const float> levels,
                              const Int8Options& options) {
  const Tensor original = asMatrixOfGates(node, *graph.constant(node.input(input)));
  const WeightRows rows(node, original.shape());
  const Tensor weights = levelled(original, rows, levels);
  WeightPlan plan{node.input(input), input, weightParams(node, weights, options)};
  plan.channels = static_cast<int64_t>(rows.rows());
  // ConvInteger reads unsigned weights, whose products no kernel adds in 16 bits.
  const bool has_pairs = rowOf(options.target).saturation_safe_weights && !node.is("Conv");
  has_pairs ? makeSafe(plan, weights, rows) : roundToNearest(plan, weights);
  return plan;
}

std::string describe(const WeightPlan& weights, bool has_bias) {
  std::string text =
      fmt::format("int8 weights, {}{}", weights.params.axis() ? "one scale per output channel" : "one scale",
                  has_bias ? ", int32 bias" : "");
  if (weights.widened_channels > 0) {
    text += fmt::format("; {} scales widened so that the bias fits", weights.widened_channels);
  }
  if (!weights.changed_channels.empty()) {
    text += fmt::format("; {} of {} channels changed against saturation ({} pairs of neighbours above {})",
                        weights.changed_channels.size(), weights.channels, weights.unsafePairs(), kMostPairSum);
  }
  return text;
}

}  // namespace quant
