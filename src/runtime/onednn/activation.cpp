#include "runtime/onednn/activation.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace quant::onednn {

namespace {

using dnnl::algorithm;

/// Where a parameter of oneDNN's function comes from.
struct Parameter {
  enum class Source { kFixed, kAlpha, kBeta } source = Source::kFixed;
  float fixed = 0;
};
constexpr Parameter kAlpha{Parameter::Source::kAlpha}, kBeta{Parameter::Source::kBeta};
constexpr Parameter fixed(float value) { return {Parameter::Source::kFixed, value}; }

struct Row {
  std::string_view name;
  algorithm function;
  Parameter alpha, beta;
};

constexpr std::array kRows = {
    Row{"Relu", algorithm::eltwise_relu, fixed(0), fixed(0)},
    Row{"LeakyRelu", algorithm::eltwise_relu, kAlpha, fixed(0)},
    Row{"Clip", algorithm::eltwise_clip, kAlpha, kBeta},
    Row{"HardSwish", algorithm::eltwise_hardswish, fixed(1.0F / 6), fixed(0.5F)},
    Row{"HardSigmoid", algorithm::eltwise_hardsigmoid, kAlpha, kBeta},
    Row{"Swish", algorithm::eltwise_swish, kAlpha, fixed(0)},
    Row{"Sigmoid", algorithm::eltwise_logistic, fixed(0), fixed(0)},
    Row{"Tanh", algorithm::eltwise_tanh, fixed(0), fixed(0)},
    Row{"Gelu", algorithm::eltwise_gelu_erf, fixed(0), fixed(0)},
    Row{"GeluTanh", algorithm::eltwise_gelu_tanh, fixed(0), fixed(0)},
    Row{"Elu", algorithm::eltwise_elu, kAlpha, fixed(0)},
    Row{"Linear", algorithm::eltwise_linear, kAlpha, kBeta},
    Row{"Abs", algorithm::eltwise_abs, fixed(0), fixed(0)},
    Row{"Exp", algorithm::eltwise_exp, fixed(0), fixed(0)},
    Row{"Log", algorithm::eltwise_log, fixed(0), fixed(0)},
    Row{"Sqrt", algorithm::eltwise_sqrt, fixed(0), fixed(0)},
    Row{"Round", algorithm::eltwise_round, fixed(0), fixed(0)},
};

float valueOf(const Parameter& parameter, float alpha, float beta) {
  switch (parameter.source) {
    case Parameter::Source::kFixed: return parameter.fixed;
    case Parameter::Source::kAlpha: return alpha;
    case Parameter::Source::kBeta: return beta;
  }
  return 0;
}

}  // namespace

void Activation::appendTo(dnnl::post_ops& ops) const {
  if (algorithm != dnnl::algorithm::undef) ops.append_eltwise(algorithm, alpha, beta);
}

std::optional<Activation> findActivation(std::string_view name, float alpha, float beta) {
  const auto row = std::ranges::find(kRows, name, &Row::name);
  if (row == kRows.end()) return {};
  return Activation{row->function, valueOf(row->alpha, alpha, beta), valueOf(row->beta, alpha, beta)};
}

Activation fusedActivation(const Node& node) {
  const std::string name = node.attr("activation", "");
  if (name.empty()) return {};
  const auto found = findActivation(name, node.attr("activation_alpha", 0.0F), node.attr("activation_beta", 0.0F));
  if (!found) throwInternal("node '{}': no activation is called '{}'", node.label(), name);
  return *found;
}

Primitive activationPrimitive(const Activation& activation, int64_t count, const Device& device) {
  const memory::desc line = describe(DataType::kFloat32, {count});
  const dnnl::eltwise_forward::primitive_desc descriptor(device.engine, dnnl::prop_kind::forward_inference,
                                                         activation.algorithm, line, line, activation.alpha,
                                                         activation.beta, plainAttributes());
  Primitive primitive(device, descriptor);
  primitive.declare(DNNL_ARG_SRC, line, device);
  primitive.declare(DNNL_ARG_DST, line, device);
  return primitive;
}

}  // namespace quant::onednn
