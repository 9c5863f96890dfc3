#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/tensor.h"

namespace quant {

/// The exact sum of floats, so that it does not depend on their order or grouping: as integers, a word for every 16
/// powers of two. Good for 2^24 finite numbers.
class ExactSum {
 public:
  void add(float value);
  void merge(const ExactSum& other);
  [[nodiscard]] double value() const;
  bool operator==(const ExactSum&) const = default;

 private:
  static constexpr int kPowers = 16;  // for each word
  std::array<int64_t, 18> words_{};
};

/// The mean of each channel of a value over all samples. Each observed tensor counts the same, whatever its size; one
/// with a NaN or an infinity is left out.
class ChannelMeans {
 public:
  explicit ChannelMeans(int64_t axis) : axis_(axis) {}

  void observe(const Tensor& tensor);
  void merge(const ChannelMeans& other);

  [[nodiscard]] int64_t axis() const { return axis_; }
  /// Empty when nothing was seen, or tensors of different numbers of channels.
  [[nodiscard]] std::vector<float> means() const;
  bool operator==(const ChannelMeans&) const = default;

 private:
  [[nodiscard]] bool accepts(size_t channels);

  int64_t axis_;
  int64_t tensors_ = 0;
  bool differ_ = false;         // in their number of channels
  std::vector<ExactSum> sums_;  // by channel, of the tensors' means
};

}  // namespace quant
