#pragma once

#include <memory>
#include <optional>

#include "graph/derived_constant.h"
#include "quantizer/stored_weights.h"

namespace quant {

/// What a weight tensor becomes: three constants, or two where zero points are left out.
enum class WeightPart { kIntegers, kScales, kZeros };

/// Makes the constants of one weight tensor that is stored in few bits, when they are asked for. All parts are made
/// together and each is kept until somebody took it: written one after the other, they are made once.
class WeightMaker {
 public:
  WeightMaker(Tensor weights, WeightStorage storage, std::shared_ptr<ErrorFeedback> feedback)
      : weights_(std::move(weights)), storage_(storage), feedback_(std::move(feedback)) {}

  [[nodiscard]] const Shape& shape() const { return weights_.shape(); }
  [[nodiscard]] DataType realType() const { return weights_.type(); }
  [[nodiscard]] const WeightStorage& storage() const { return storage_; }

  /// One part of the coded weights; the others are empty.
  CodedWeights take(WeightPart part);

 private:
  Tensor weights_;
  WeightStorage storage_;
  std::shared_ptr<ErrorFeedback> feedback_;
  std::optional<CodedWeights> coded_;  // parts that were taken are empty
};

/// A constant that `form` makes of one part.
DerivedConstant deriveFrom(std::shared_ptr<WeightMaker> maker, WeightPart part, DataType type, Shape shape,
                           std::function<Tensor(const CodedWeights&)> form);

}  // namespace quant
