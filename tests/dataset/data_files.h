#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "dataset/image.h"

namespace quant::test {

/// A file that data/make.py made.
inline std::filesystem::path dataFile(const std::string& name) {
  return std::filesystem::path(QUANTIZE_SOURCE_DIR) / "tests/dataset/data" / name;
}

/// An empty folder that goes with the scope.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> counter = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("quantize_dataset_test." + std::to_string(::getpid()) + "." + std::to_string(counter++));
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file, and the folders it lies in.
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    const auto file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }
  /// A copy of a file that data/make.py made.
  std::filesystem::path copy(const std::string& data_file, const std::string& name) const {
    return write(name, readFile(dataFile(data_file)));
  }

 private:
  std::filesystem::path path_;
};

/// The path as it stands in errors.
inline std::string quoted(const std::filesystem::path& path) { return fmt::format("'{}'", path.string()); }

/// What `action` throws as a quant::Error; empty when it does not.
template <class Action>
std::string errorOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

/// The picture of data/make.py.
inline Image pattern(int width, int height) {
  Image image({width, height}, 3);
  uint8_t* pixel = image.pixels.data();
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      *pixel++ = static_cast<uint8_t>(7 * x + 3 * y);
      *pixel++ = static_cast<uint8_t>(5 * x + 11 * y);
      *pixel++ = static_cast<uint8_t>(13 * x + x * y);
    }
  }
  return image;
}

/// One channel of a picture, as a gray picture.
inline Image channel(const Image& image, size_t index) {
  Image gray({image.width, image.height}, 1);
  for (size_t i = 0; i < gray.pixels.size(); ++i) {
    gray.pixels[i] = image.pixels[i * static_cast<size_t>(image.channels) + index];
  }
  return gray;
}

}  // namespace quant::test
