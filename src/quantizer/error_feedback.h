#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "calibration/input_moments.h"
#include "quantizer/weight_grid.h"

namespace quant {

/// Rounds the weights of a matrix product one input channel after the other, and lets the channels that are still to
/// come make up for the errors of those that are done, as far as the samples show them to vary together (GPTQ).
class ErrorFeedback {
 public:
  explicit ErrorFeedback(std::shared_ptr<const InputMoments> moments) : moments_(std::move(moments)) {}

  [[nodiscard]] size_t channels() const { return moments_->channels; }
  /// What an error of each channel's weights costs.
  [[nodiscard]] const std::vector<float>& importance() const { return moments_->mean_squares; }
  /// False when only the importance is known.
  [[nodiscard]] bool canFeedBack() const;

  /// Chooses the parameters of each block of `block` channels and the integers. `values` holds all channels of kLanes
  /// lanes, as `searchLaneParams` has them, and is overwritten. Several threads may call it.
  void encode(float* values, size_t block, const WeightGrid& grid, LaneParams* params, int8_t* integers);

 private:
  void factorize();

  std::shared_ptr<const InputMoments> moments_;
  std::once_flag factorized_;
  std::vector<float> factor_;  // U[j][k] at [k * channels + j], upper triangular, U^T U = (products + damping)^-1
};

}  // namespace quant
