#pragma once

#include <filesystem>

namespace quant::test {

/// Models and pictures that are too large to ship; tests that use them are skipped where the folder is absent.
inline std::filesystem::path sharedFolder() { return std::filesystem::path(QUANTIZE_SOURCE_DIR) / ".." / "shared"; }

}  // namespace quant::test

/// `path` is relative to the shared folder.
#define SKIP_WITHOUT_SHARED(path)                                       \
  if (!std::filesystem::exists(quant::test::sharedFolder() / (path))) { \
    GTEST_SKIP() << "the shared folder does not hold " << (path);       \
  }
