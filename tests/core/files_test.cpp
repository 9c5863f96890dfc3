#include "core/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <vector>

#include "core/error.h"

namespace quant {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

/// A folder of the test's own, gone afterwards.
class Files : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.push_back(entry.path().filename());
    return found;
  }
  static void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }
  template <class Action>
  static std::string messageOf(Action action) {
    try {
      action();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kBadInput);
      return error.what();
    }
    return "no error";
  }

  fs::path folder_ =
      fs::path(::testing::TempDir()) / (std::string("quantize_files_") + std::to_string(::getpid()) + "_" +
                                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
};

TEST_F(Files, ReadsAWholeFile) {
  write(folder_ / "a", std::string("x\0y", 3));
  EXPECT_EQ(readFile(folder_ / "a"), std::string("x\0y", 3));
}

TEST_F(Files, ReadsAnEmptyFile) {
  write(folder_ / "a", "");
  EXPECT_EQ(readFile(folder_ / "a"), "");
}

TEST_F(Files, AMissingFileIsNamedWithTheReason) {
  const fs::path path = folder_ / "missing.bin";
  EXPECT_EQ(messageOf([&] { (void)readFile(path); }), "cannot read '" + path.string() + "': No such file or directory");
}

TEST_F(Files, AFolderIsNotRead) {
  EXPECT_THAT(messageOf([&] { (void)readFile(folder_); }), HasSubstr("it is not a regular file"));
}

TEST_F(Files, ANamedPipeIsRefusedAndNotWaitedFor) {
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(messageOf([&] { (void)readFile(pipe); }), HasSubstr("it is not a regular file"));
}

TEST_F(Files, AMappedFileOutlivesItsName) {
  write(folder_ / "a", "data");
  const auto mapped = MappedFile::open(folder_ / "a");
  fs::remove(folder_ / "a");
  EXPECT_EQ(mapped->bytes().size(), 4U);
  EXPECT_EQ(static_cast<char>(mapped->bytes()[3]), 'a');
}

TEST_F(Files, ReleasedPagesComeBackWhenTheyAreRead) {
  write(folder_ / "a", std::string(10'000, 'x') + "end");
  const auto mapped = MappedFile::open(folder_ / "a");
  releasePages(mapped->bytes().subspan(100));
  releasePages(mapped->bytes().first(0));
  EXPECT_EQ(static_cast<char>(mapped->bytes()[10'002]), 'd');
}

TEST_F(Files, ReleasingLeavesMemoryAloneThatIsNoMappedFile) {
  write(folder_ / "a", "data");
  const auto mapped = MappedFile::open(folder_ / "a");
  const std::vector<char> memory(100'000, 'x');
  releasePages(std::as_bytes(std::span(memory)));
  EXPECT_THAT(memory, ::testing::Each('x'));
}

TEST_F(Files, APendingFileThatIsNotCommittedLeavesNothingBehind) {
  {
    const PendingFile pending(folder_ / "model.onnx");
    write(pending.path(), "half");
    EXPECT_EQ(names().size(), 1U);
    EXPECT_FALSE(fs::exists(folder_ / "model.onnx"));
  }
  EXPECT_TRUE(names().empty());
}

TEST_F(Files, APendingFileLeavesTheOldFileAloneUntilCommit) {
  write(folder_ / "model.onnx", "old");
  PendingFile pending(folder_ / "model.onnx");
  write(pending.path(), "new");
  EXPECT_EQ(readFile(folder_ / "model.onnx"), "old");
  pending.commit();
  EXPECT_EQ(readFile(folder_ / "model.onnx"), "new");
  EXPECT_EQ(names().size(), 1U);
}

TEST_F(Files, APendingFileIsRemovedWhenAnExceptionPasses) {
  write(folder_ / "model.onnx", "old");
  EXPECT_THROW(
      {
        const PendingFile pending(folder_ / "model.onnx");
        write(pending.path(), "new");
        throw std::runtime_error("stopped");
      },
      std::runtime_error);
  EXPECT_EQ(names(), (std::vector<std::string>{"model.onnx"}));
  EXPECT_EQ(readFile(folder_ / "model.onnx"), "old");
}

TEST_F(Files, AMissingFolderIsNamed) {
  const fs::path path = folder_ / "no" / "model.onnx";
  EXPECT_EQ(messageOf([&] { writeFile(path, "x"); }),
            "cannot write '" + path.string() + "': there is no folder '" + (folder_ / "no").string() + "'");
}

TEST_F(Files, AFolderOrADeviceIsNotReplaced) {
  EXPECT_THAT(messageOf([&] { writeFile(folder_, "x"); }), HasSubstr("is not a regular file"));
  EXPECT_THAT(messageOf([&] { writeFile("/dev/null", "x"); }), HasSubstr("is not a regular file"));
  EXPECT_FALSE(fs::is_regular_file("/dev/null"));
}

TEST_F(Files, WritesAFileOfAnySize) {
  const std::string big(3 << 20, 'z');
  writeFile(folder_ / "big", big);
  EXPECT_EQ(readFile(folder_ / "big"), big);
  writeFile(folder_ / "big", "");
  EXPECT_EQ(readFile(folder_ / "big"), "");
}

std::span<const std::byte> bytesOf(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(HashBytes, IsFnv1a) {
  EXPECT_EQ(hashBytes({}), 0xcbf29ce484222325U);
  EXPECT_EQ(hashBytes(bytesOf("a")), 0xaf63dc4c8601ec8cU);  // from the authors' table of test vectors
  EXPECT_EQ(hashBytes(bytesOf("foobar")), 0x85944171f73967e8U);
}

TEST(HashBytes, GoesOnFromAnEarlierPiece) {
  EXPECT_EQ(hashBytes(bytesOf("bar"), hashBytes(bytesOf("foo"))), hashBytes(bytesOf("foobar")));
}

TEST(HumanSize, UsesPowersOfAThousand) {
  EXPECT_EQ(humanSize(0), "0 B");
  EXPECT_EQ(humanSize(999), "999 B");
  EXPECT_EQ(humanSize(1000), "1.0 kB");
  EXPECT_EQ(humanSize(18907752), "18.9 MB");
  EXPECT_EQ(humanSize(999950), "1.0 MB");
  EXPECT_EQ(humanSize(5'000'000'000'000'000), "5000.0 TB");
}

}  // namespace
}  // namespace quant
