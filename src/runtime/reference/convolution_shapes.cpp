#include "runtime/reference/convolution_shapes.h"

#include "core/error.h"

namespace quant::reference {

namespace {

Window windowOf(const Node& node, const Shape& src, const Shape& weights) {
  if (src.size() != weights.size()) {
    throwBadInput("{} of a tensor of shape {} with weights of shape {}: the ranks differ", node.opType(), toString(src),
                  toString(weights));
  }
  return slidingWindow(node, src, kernelShape(node, weights));
}

}  // namespace

ConvolutionShapes::ConvolutionShapes(const Node& node, const Shape& src, const Shape& weights)
    : window(windowOf(node, src, weights)),
      batch(src[0]),
      groups(node.attr("group", int64_t{1})),
      group_in(weights[1]),
      group_out(groups > 0 ? weights[0] / groups : 0) {
  if (groups < 1 || src[1] != groups * group_in || weights[0] != groups * group_out) {
    throwBadInput("{} of a tensor of shape {} with weights of shape {} in {} groups: the channels do not fit",
                  node.opType(), toString(src), toString(weights), groups);
  }
}

void ConvolutionShapes::requirePerChannel(const Tensor& tensor, const char* what) const {
  if (tensor.elementCount() != outChannels()) {
    throwBadInput("a convolution has {} output channels, but its {} is of shape {}", outChannels(), what,
                  toString(tensor.shape()));
  }
}

}  // namespace quant::reference
