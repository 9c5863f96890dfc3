#include "runtime/reference/activation_functions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "runtime/reference/elementwise.h"

namespace quant::reference {

double sigmoid(double x) {
  // exp of a negative number only: it cannot overflow.
  const double e = std::exp(-std::abs(x));
  return (x >= 0 ? 1 : e) / (1 + e);
}

double hardSwish(double x) { return x * smallerOf(largerOf(x / 6 + 0.5, 0.0), 1.0); }

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::numbers::sqrt2); }

double geluTanh(double x) {
  const double k = std::sqrt(2 / std::numbers::pi);
  return 0.5 * x * (1 + std::tanh(k * (x + 0.044715 * x * x * x)));
}

double leakyRelu(double x, double alpha) { return x < 0 ? alpha * x : x; }

double elu(double x, double alpha) { return x < 0 ? alpha * std::expm1(x) : x; }

double swish(double x, double alpha) { return x * sigmoid(alpha * x); }

double hardSigmoid(double x, double alpha, double beta) { return smallerOf(largerOf(alpha * x + beta, 0.0), 1.0); }

namespace {

double clip(double x, double low, double high) {
  const double raised = x < low ? low : x;
  return raised > high ? high : raised;
}

struct Row {
  std::string_view name;
  double (*function)(double x, double alpha, double beta);
};

constexpr std::array kRows = {
    Row{"Relu", [](double x, double, double) { return x < 0 ? 0 : x; }},
    Row{"Clip", clip},
    Row{"LeakyRelu", [](double x, double alpha, double) { return leakyRelu(x, alpha); }},
    Row{"HardSwish", [](double x, double, double) { return hardSwish(x); }},
    Row{"HardSigmoid", hardSigmoid},
    Row{"Sigmoid", [](double x, double, double) { return sigmoid(x); }},
    Row{"Tanh", [](double x, double, double) { return std::tanh(x); }},
    Row{"Elu", [](double x, double alpha, double) { return elu(x, alpha); }},
    Row{"Swish", [](double x, double alpha, double) { return swish(x, alpha); }},
    Row{"Gelu", [](double x, double, double) { return gelu(x); }},
    Row{"Linear", [](double x, double alpha, double beta) { return alpha * x + beta; }},
    Row{"GeluTanh", [](double x, double, double) { return geluTanh(x); }},
};

}  // namespace

std::function<double(double)> activationFunction(std::string_view name, float alpha, float beta) {
  const auto row = std::ranges::find(kRows, name, &Row::name);
  if (row == kRows.end()) throwInternal("no activation is called '{}'", name);
  return [function = row->function, alpha = double{alpha}, beta = double{beta}](double x) {
    return function(x, alpha, beta);
  };
}

}  // namespace quant::reference
