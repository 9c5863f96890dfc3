#include "quantizer/weight_maker.h"

namespace quant {

CodedWeights WeightMaker::take(WeightPart part) {
  const auto isThere = [&] {
    if (!coded_) return false;
    switch (part) {
      case WeightPart::kIntegers: return !coded_->integers.empty();
      case WeightPart::kScales: return !coded_->scales.empty();
      case WeightPart::kZeros: return !coded_->zeros.empty();
    }
    return false;
  };
  if (!isThere()) coded_ = codeWeights(weights_, storage_, feedback_.get());
  CodedWeights taken{coded_->shape, coded_->scales_shape, {}, {}, {}};
  switch (part) {
    case WeightPart::kIntegers: taken.integers.swap(coded_->integers); break;
    case WeightPart::kScales: taken.scales.swap(coded_->scales); break;
    case WeightPart::kZeros: taken.zeros.swap(coded_->zeros); break;
  }
  return taken;
}

DerivedConstant deriveFrom(std::shared_ptr<WeightMaker> maker, WeightPart part, DataType type, Shape shape,
                           std::function<Tensor(const CodedWeights&)> form) {
  return deriveConstant(type, std::move(shape),
                        [maker = std::move(maker), part, form = std::move(form)] { return form(maker->take(part)); });
}

}  // namespace quant
