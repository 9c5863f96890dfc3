#include "dataset/generated_dataset.h"

#include <random>

#include "core/error.h"

namespace quant {

namespace {

constexpr int64_t kPictureSide = 64, kLength = 16;

int64_t madeUpSize(size_t axis, size_t rank) {
  if (axis == 0) return 1;
  return rank == 4 ? kPictureSide : kLength;
}

/// The sizes of `input`; open sizes that have a name are looked up in `named`, or put there.
Shape madeUpShape(const GeneratedInput& input, std::map<std::string, int64_t>& named) {
  Shape shape = input.spec.shape;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] != kOpenSize) continue;
    shape[axis] = madeUpSize(axis, shape.size());
    const std::string name = axis < input.size_names.size() ? input.size_names[axis] : "";
    if (!name.empty()) shape[axis] = named.emplace(name, shape[axis]).first->second;
  }
  return shape;
}

using Random = std::mt19937_64;

/// In [0, 1), from the upper bits: std::uniform_real_distribution differs between standard libraries.
double fraction(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

template <class T>
void fillReal(Tensor& tensor, Random& random) {
  for (T& x : tensor.data<T>()) x = T(static_cast<float>(2 * fraction(random) - 1));
}

template <class T>
void fillInteger(Tensor& tensor, std::optional<int64_t> largest, Random& random) {
  for (T& x : tensor.data<T>()) {
    x = static_cast<T>(largest ? static_cast<int64_t>(fraction(random) * static_cast<double>(*largest + 1)) : 1);
  }
}

void fill(Tensor& tensor, const GeneratedInput& input, Random& random) {
  switch (tensor.type()) {
    case DataType::kFloat32: return fillReal<float>(tensor, random);
    case DataType::kFloat64: return fillReal<double>(tensor, random);
    case DataType::kFloat16: return fillReal<Float16>(tensor, random);
    case DataType::kBFloat16: return fillReal<BFloat16>(tensor, random);
    case DataType::kInt64: return fillInteger<int64_t>(tensor, input.largest, random);
    case DataType::kInt32: return fillInteger<int32_t>(tensor, input.largest, random);
    case DataType::kUInt8: return fillInteger<uint8_t>(tensor, input.largest.value_or(255), random);
    case DataType::kInt8: return fillInteger<int8_t>(tensor, input.largest.value_or(127), random);
    case DataType::kBool: std::ranges::fill(tensor.data<bool>(), true); return;
    default:
      throwUnsupported("input {} is of a type that no numbers can be made up for; give samples", toString(input.spec));
  }
}

}  // namespace

GeneratedDataset::GeneratedDataset(std::vector<GeneratedInput> inputs, size_t count)
    : inputs_(std::move(inputs)), count_(count) {
  std::map<std::string, int64_t> named;
  for (const GeneratedInput& input : inputs_) {
    if (!input.spec.rank_known) {
      throwUnsupported("input '{}' is of any shape, so that none can be made up; give samples", input.spec.name);
    }
    shapes_.push_back(madeUpShape(input, named));
  }
}

Sample GeneratedDataset::load(size_t index) const {
  Sample sample{fmt::format("made-up sample {}", index), {}, {}};
  Random random(index + 1);
  for (size_t i = 0; i < inputs_.size(); ++i) {
    Tensor tensor(inputs_[i].spec.type, shapes_[i]);
    fill(tensor, inputs_[i], random);
    sample.inputs.emplace(inputs_[i].spec.name, std::move(tensor));
  }
  return sample;
}

std::string GeneratedDataset::description() const { return fmt::format("{} samples of made-up numbers", count_); }

}  // namespace quant
