#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dataset/dataset.h"

namespace quant {

/// An input that is to be filled with made-up numbers.
struct GeneratedInput {
  InputSpec spec;
  std::vector<std::string> size_names = {};  ///< by axis: open sizes of one name become the same; may be empty
  std::optional<int64_t> largest = {};       ///< for integers that index something: its last index
};

/// Samples of made-up numbers, for models that come without data: enough to see that a model runs and that two models
/// agree, not to calibrate. The same numbers at every run and on every machine.
///
/// Floats are spread evenly over [-1, 1); integers over [0, largest], or all 1 (a mask that hides nothing); bools are
/// true. An open size becomes 1 in front (the batch), 64 for the sides of a picture (rank 4), else 16.
class GeneratedDataset : public Dataset {
 public:
  /// Throws (unsupported) for an input whose rank nobody knows or whose type holds no numbers.
  GeneratedDataset(std::vector<GeneratedInput> inputs, size_t count);

  [[nodiscard]] size_t size() const override { return count_; }
  [[nodiscard]] Sample load(size_t index) const override;
  [[nodiscard]] DatasetKind kind() const override { return DatasetKind::kGenerated; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return classes_; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const override { return preprocess_; }

 private:
  std::vector<GeneratedInput> inputs_;
  std::vector<Shape> shapes_;
  size_t count_;
  std::vector<std::string> classes_;
  std::optional<Preprocess> preprocess_;
};

}  // namespace quant
