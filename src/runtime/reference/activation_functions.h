#pragma once

#include <functional>
#include <string_view>

namespace quant::reference {

// Activations of one real number, in double: the one definition for their own operators and for fused ones.

double sigmoid(double x);
double hardSwish(double x);
double gelu(double x);
double geluTanh(double x);  // the usual approximation of gelu
double leakyRelu(double x, double alpha);
double elu(double x, double alpha);
double swish(double x, double alpha);
double hardSigmoid(double x, double alpha, double beta);

/// What the attributes `activation`, `activation_alpha` and `activation_beta` of a fused operator mean (Relu, Clip,
/// LeakyRelu, ..., GeluTanh, and Linear: alpha * x + beta). Throws (internal) for an unknown name.
std::function<double(double)> activationFunction(std::string_view name, float alpha, float beta);

}  // namespace quant::reference
