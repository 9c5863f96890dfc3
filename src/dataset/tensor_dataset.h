#pragma once

#include <mutex>

#include "dataset/array_fit.h"
#include "dataset/dataset.h"
#include "dataset/labels.h"
#include "dataset/tensor_reader.h"

namespace quant {

/// Samples that lie in files as tensors. Shapes are checked when the dataset is opened, elements are read when they are
/// asked for; of files with several samples the last one read is kept.
class TensorDataset : public Dataset {
 public:
  TensorDataset(const FolderListing& listing, Classification classes, const std::vector<InputSpec>& inputs,
                const DatasetOptions& options);
  [[nodiscard]] size_t size() const override { return chosen_.size(); }
  [[nodiscard]] Sample load(size_t index) const override;
  [[nodiscard]] DatasetKind kind() const override { return kind_; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return classes_.names.names; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const override { return no_preprocess_; }

 private:
  /// Files that are read together, and how their arrays become samples.
  struct Source {
    SampleFiles sample;
    int64_t samples = 1;
    std::vector<ArrayFit> fits;  ///< by input
  };
  /// One sample of a source.
  struct Position {
    size_t source = 0;
    int64_t row = 0;
    size_t number = 0;  ///< of the sample, among all that the folder holds
  };

  [[nodiscard]] Source makeSource(SampleFiles sample) const;
  [[nodiscard]] std::shared_ptr<const FileTensors> readSource(size_t source) const;
  [[nodiscard]] Tensor inputOf(const Source& source, std::shared_ptr<const FileTensors> tensors, size_t input,
                               int64_t row) const;
  [[nodiscard]] std::optional<int64_t> labelFor(const Position& position, const FileTensors& tensors) const;

  DatasetKind kind_;
  Classification classes_;
  std::vector<InputSpec> inputs_;
  std::unique_ptr<TensorReader> reader_;
  std::vector<Source> sources_;
  std::vector<Position> chosen_;
  size_t found_ = 0;
  std::optional<Preprocess> no_preprocess_;

  mutable std::mutex mutex_;  ///< guards the two below
  mutable size_t kept_source_ = 0;
  mutable std::shared_ptr<const FileTensors> kept_;
};

}  // namespace quant
