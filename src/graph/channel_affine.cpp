#include "graph/channel_affine.h"

#include <cmath>

#include "graph/constant_numbers.h"

namespace quant {

namespace {

bool isTraining(const Node& batch_norm) {
  for (int i = 1; i < batch_norm.outputCount(); ++i) {
    if (!batch_norm.output(i).empty()) return true;  // how opsets before 14 ask for it
  }
  return batch_norm.attr("training_mode", int64_t{0}) != 0 || batch_norm.attr("spatial", int64_t{1}) == 0;
}

}  // namespace

std::optional<ChannelAffine> affineOf(const Graph& graph, const Node& batch_norm) {
  if (isTraining(batch_norm)) return {};
  const auto gamma = realConstant(graph, batch_norm.input(1)), beta = realConstant(graph, batch_norm.input(2));
  const auto mean = realConstant(graph, batch_norm.input(3)), variance = realConstant(graph, batch_norm.input(4));
  if (!gamma || !beta || !mean || !variance) return {};
  const size_t channels = gamma->size();
  if (beta->size() != channels || mean->size() != channels || variance->size() != channels) return {};
  const double epsilon = batch_norm.attr("epsilon", 1e-5F);
  ChannelAffine affine;
  for (size_t c = 0; c < channels; ++c) {
    const double scale = (*gamma)[c] / std::sqrt((*variance)[c] + epsilon);
    if (!std::isfinite(scale)) return {};
    affine.scale.push_back(scale);
    affine.shift.push_back((*beta)[c] - (*mean)[c] * scale);
  }
  return affine;
}

}  // namespace quant
