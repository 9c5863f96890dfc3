#pragma once

#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "graph/graph.h"

namespace quant::test {

/// A small network of operators that run here, made of nothing but a seed: the same for the same seed on any machine,
/// and the one with fewer steps is the beginning of the one with more.
class RandomGraph {
 public:
  /// `quantized`: as a quantization tool leaves it, with QuantizeLinear -> DequantizeLinear on most values and on
  /// weights.
  RandomGraph(unsigned seed, int steps, bool quantized);

  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] const Tensor& input() const { return input_; }

 private:
  struct Value {
    std::string name;
    Shape shape;
  };

  unsigned below(unsigned limit) { return static_cast<unsigned>(random_()) % limit; }
  bool chance(unsigned percent) { return below(100) < percent; }
  float uniform(float low, float high) { return low + (high - low) * static_cast<float>(below(10001)) / 10000; }

  const Value& anyValue() { return values_[below(static_cast<unsigned>(values_.size()))]; }
  const Value* anotherOfShape(const Value& value);
  std::string newName() { return fmt::format("v{}", count_++); }
  Node& add(std::string_view op_type, std::vector<std::string> inputs, const std::string& output);
  std::string constant(std::vector<float> values, Shape shape = {});
  std::string scalar(float value) { return constant({value}); }
  std::string shapeConstant(const Shape& values);
  std::vector<float> numbers(int64_t count, float size);
  std::string weights(const Shape& shape, int64_t axis, int64_t depth);
  std::string quantizedWeights(const Shape& shape, int64_t axis, float size);
  void finish(const std::string& name, Shape shape);
  std::string quantizeValue(const std::string& name);

  void step();
  void conv(const Value& x);
  void convTranspose(const Value& x);
  void product(const Value& x);
  void unary(const Value& x);
  void decomposed(const Value& x);
  void binary(const Value& x);
  void pool(const Value& x);
  void move(const Value& x);
  void join(const Value& x);
  void normalize(const Value& x);

  std::mt19937 random_;
  bool quantized_;
  Graph graph_;
  Tensor input_;
  std::vector<Value> values_;
  int count_ = 0;
};

}  // namespace quant::test
