#pragma once

#include <cstddef>
#include <random>
#include <vector>

namespace quant::bench {

/// What a network's activations look like: normally distributed, or cut off below zero as after Relu.
enum class Values { kNormal, kRelu };

inline std::vector<float> makeValues(Values kind, size_t count) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) {
    const float drawn = normal(random);
    value = kind == Values::kRelu && drawn < 0 ? 0 : drawn;
  }
  return values;
}

}  // namespace quant::bench
