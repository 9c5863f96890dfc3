#pragma once

#include <string>

#include "dataset/class_names.h"
#include "dataset/folder_listing.h"

namespace quant {

struct SampleCounts {
  size_t used = 0;
  size_t found = 0;
  size_t files = 0;
};

/// "200 of 600 samples (pictures), 1000 classes of 'classes.txt'".
std::string describeSamples(const SampleCounts& counts, DatasetKind kind, const ClassNames& classes);

}  // namespace quant
