// RandomNormal, RandomUniform and those that take another tensor's shape. ONNX leaves the numbers open. Here they are
// the same at every run, and in every form of a model that keeps the value's name: so a quantized model can be held
// against the float one.
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/files.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

constexpr TypeList<float, double, Float16, BFloat16> kRealTypes;

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014): number `index` of a
/// sequence.
uint64_t mixed(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15U;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

/// From 0 up to, but without, 1.
double uniform(uint64_t seed, uint64_t index) { return static_cast<double>(mixed(seed, index) >> 11) * 0x1p-53; }

/// By Box and Muller's transform of two uniform numbers.
double normal(uint64_t seed, uint64_t index) {
  const double radius = std::sqrt(-2 * std::log(1 - uniform(seed, 2 * index)));
  return radius * std::cos(2 * std::numbers::pi * uniform(seed, 2 * index + 1));
}

/// The node's own seed, or one of the value's name.
uint64_t seedOf(const Node& node) {
  if (node.hasAttr("seed")) {
    const float seed = node.attr("seed", 0.0F);
    return hashBytes(std::as_bytes(std::span(&seed, 1)));
  }
  return hashBytes(std::as_bytes(std::span(node.output())));
}

void fill(const Node& node, KernelContext& context, DataType type, const Shape& shape, bool is_normal) {
  const double first = node.attr(is_normal ? "mean" : "low", 0.0F);
  const double second = node.attr(is_normal ? "scale" : "high", 1.0F);
  const uint64_t seed = seedOf(node);
  Tensor& dst = context.output(0, type, shape);
  withElementType(type, kRealTypes, node.opType(), [&](auto example) {
    using T = decltype(example);
    const auto to = dst.data<T>();
    for (size_t i = 0; i < to.size(); ++i) {
      const double x = is_normal ? first + second * normal(seed, i) : first + (second - first) * uniform(seed, i);
      to[i] = elementCast<T>(x);
    }
  });
}

void random(const Node& node, KernelContext& context) {
  const auto type = static_cast<DataType>(node.attr("dtype", static_cast<int64_t>(DataType::kFloat32)));
  fill(node, context, type, node.attr("shape", std::vector<int64_t>{}), node.opType() == "RandomNormal");
}

void randomLike(const Node& node, KernelContext& context) {
  const Tensor& like = context.inputAsIs(0);
  const auto type = static_cast<DataType>(node.attr("dtype", static_cast<int64_t>(like.type())));
  fill(node, context, type, like.shape(), node.opType() == "RandomNormalLike");
}

}  // namespace

void registerRandom(KernelRegistry& registry) {
  for (const char* op_type : {"RandomNormal", "RandomUniform"}) registry.addFunction(op_type, 1, random);
  for (const char* op_type : {"RandomNormalLike", "RandomUniformLike"}) registry.addFunction(op_type, 1, randomLike);
}

}  // namespace quant::reference
