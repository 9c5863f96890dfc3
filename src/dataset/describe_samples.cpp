#include "dataset/describe_samples.h"

#include <fmt/format.h>

namespace quant {

std::string describeSamples(const SampleCounts& counts, DatasetKind kind, const ClassNames& classes) {
  std::string text =
      counts.used == counts.found ? fmt::format("{}", counts.used) : fmt::format("{} of {}", counts.used, counts.found);
  text += fmt::format(" sample{} ({}", counts.found == 1 ? "" : "s", toString(kind));
  if (counts.files != counts.found) text += fmt::format(", {} file{}", counts.files, counts.files == 1 ? "" : "s");
  text += ")";
  if (!classes.names.empty()) text += fmt::format(", {} classes", classes.names.size());
  if (classes.file) text += fmt::format(" of '{}'", classes.file->filename().string());
  return text;
}

}  // namespace quant
