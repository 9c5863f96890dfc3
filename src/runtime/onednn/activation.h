#pragma once

#include <optional>
#include <string_view>

#include "runtime/onednn/primitive.h"

namespace quant::onednn {

/// A function of one number that oneDNN applies to the result of another operator, or alone.
struct Activation {
  dnnl::algorithm algorithm = dnnl::algorithm::undef;  // undef: none
  float alpha = 0, beta = 0;

  explicit operator bool() const { return algorithm != dnnl::algorithm::undef; }
  void appendTo(dnnl::post_ops& ops) const;
};

/// The function called `name`, spelled as ONNX's operators are (and Linear: alpha * x + beta; GeluTanh). `alpha`
/// and `beta` are the operator's attributes; Clip's are its limits. Nothing for an unknown name.
std::optional<Activation> findActivation(std::string_view name, float alpha, float beta);

/// A primitive that turns `count` float elements, in place or not.
Primitive activationPrimitive(const Activation& activation, int64_t count, const Device& device);

/// What a fused node's attributes `activation`, `activation_alpha` and `activation_beta` ask for. Throws (internal) for
/// an unknown name.
Activation fusedActivation(const Node& node);

}  // namespace quant::onednn
