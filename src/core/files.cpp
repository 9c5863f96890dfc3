#include "core/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <mutex>

#include "core/error.h"

namespace quant {

namespace {

/// Closes a file descriptor at the end of a scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void throwSystemError(const std::filesystem::path& path, std::string_view action) {
  throwBadInput("cannot {} '{}': {}", action, path.string(), std::strerror(errno));
}

void flushToDisk(const std::filesystem::path& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0 || ::fsync(file.number()) != 0) throwSystemError(path, "flush");
}

/// Where files are mapped at the moment: other memory would lose its content with its pages.
class Mappings {
 public:
  void add(const std::byte* address, size_t size) {
    const std::scoped_lock lock(mutex_);
    sizes_[address] = size;
  }
  void remove(const std::byte* address) {
    const std::scoped_lock lock(mutex_);
    sizes_.erase(address);
  }
  [[nodiscard]] bool contain(std::span<const std::byte> bytes) const {
    const std::scoped_lock lock(mutex_);
    auto next = sizes_.upper_bound(bytes.data());
    if (bytes.empty() || next == sizes_.begin()) return false;
    const auto& [address, size] = *--next;
    return bytes.data() + bytes.size() <= address + size;
  }

 private:
  mutable std::mutex mutex_;
  std::map<const std::byte*, size_t> sizes_;
};

Mappings& mappings() {
  static Mappings all;
  return all;
}

}  // namespace

/// A rename would replace a device or fail on a folder only after all the work.
void requireWritable(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;  // what cannot be looked at is reported when it is written
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (!fs::is_directory(folder, ignored)) {
    throwBadInput("cannot write '{}': there is no folder '{}'", path.string(), folder.string());
  }
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) {
    throwBadInput("cannot write '{}': it is there already and is not a regular file", path.string());
  }
}

std::string readFile(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  const auto bytes = file->bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status {};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0) throwSystemError(path, "read");
  if (!S_ISREG(status.st_mode)) throwBadInput("cannot read '{}': it is not a regular file", path.string());
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return std::shared_ptr<const MappedFile>(new MappedFile(nullptr, 0));
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number(), 0);
  if (address == MAP_FAILED) throwSystemError(path, "map");
  return std::shared_ptr<const MappedFile>(new MappedFile(static_cast<const std::byte*>(address), size));
}

MappedFile::MappedFile(const std::byte* address, size_t size) : address_(address), size_(size) {
  if (address != nullptr) mappings().add(address, size);
}

MappedFile::~MappedFile() {
  if (address_ == nullptr) return;
  mappings().remove(address_);
  ::munmap(const_cast<std::byte*>(address_), size_);
}

void releasePages(std::span<const std::byte> bytes) {
  if (!mappings().contain(bytes)) return;
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data()) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(bytes.data()) + bytes.size();
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // no more than advice: it may fail
}

PendingFile::PendingFile(std::filesystem::path final_path) : final_(std::move(final_path)), temporary_(final_) {
  requireWritable(final_);
  temporary_ += fmt::format(".{}.tmp", ::getpid());
}

PendingFile::~PendingFile() {
  if (committed_) return;
  std::error_code ignored;  // nothing was promised about the temporary file
  std::filesystem::remove(temporary_, ignored);
}

void PendingFile::commit() {
  flushToDisk(temporary_);
  std::error_code error;
  std::filesystem::rename(temporary_, final_, error);
  if (error) throwBadInput("cannot rename '{}' to '{}': {}", temporary_.string(), final_.string(), error.message());
  committed_ = true;
}

void writeFile(const std::filesystem::path& path, std::string_view content) {
  PendingFile pending(path);
  std::ofstream stream(pending.path(), std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  stream.close();
  if (!stream) throwSystemError(path, "write");
  pending.commit();
}

uint64_t hashBytes(std::span<const std::byte> bytes, uint64_t seed) {
  constexpr uint64_t kPrime = 0x100000001b3U;
  for (const std::byte byte : bytes) seed = (seed ^ static_cast<uint64_t>(byte)) * kPrime;
  return seed;
}

std::string humanSize(uint64_t bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < kUnits.size()) {  // which would print as 1000.0
    value /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace quant
