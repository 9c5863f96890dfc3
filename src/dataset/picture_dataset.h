#pragma once

#include "dataset/dataset.h"
#include "dataset/labels.h"

namespace quant {

/// Pictures for a model of one input, each decoded and preprocessed when it is asked for.
class PictureDataset : public Dataset {
 public:
  PictureDataset(FolderListing listing, Classification classes, const std::vector<InputSpec>& inputs,
                 const DatasetOptions& options);
  [[nodiscard]] size_t size() const override { return chosen_.size(); }
  [[nodiscard]] Sample load(size_t index) const override;
  [[nodiscard]] DatasetKind kind() const override { return DatasetKind::kPictures; }
  [[nodiscard]] const std::vector<std::string>& classes() const override { return classes_.names.names; }
  [[nodiscard]] std::string description() const override;
  [[nodiscard]] const std::optional<Preprocess>& preprocess() const override { return preprocess_; }

 private:
  [[nodiscard]] Tensor toInput(const DataFile& file) const;
  [[nodiscard]] std::optional<int64_t> labelFor(size_t file) const;

  std::vector<DataFile> files_;
  Classification classes_;
  InputSpec input_;
  std::optional<Preprocess> preprocess_;
  std::vector<size_t> chosen_;
};

}  // namespace quant
