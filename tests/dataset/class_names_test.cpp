#include "dataset/class_names.h"

#include <gmock/gmock.h>

#include "dataset/data_files.h"

namespace quant::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A folder 'data' with one picture in each of these class folders.
void fill(const TemporaryFolder& folder, const std::vector<std::string>& classes) {
  for (const std::string& name : classes) folder.copy("rgb.png", "data/" + name + "/1.png");
}

ClassNames find(const TemporaryFolder& folder, const std::optional<std::filesystem::path>& file = {}) {
  return findClassNames(folder.path() / "data", listFolder(folder.path() / "data"), file);
}

TEST(ClassNames, AreTheFoldersInAlphabeticalOrder) {
  const TemporaryFolder folder;
  fill(folder, {"dog", "cat"});
  const ClassNames classes = find(folder);
  EXPECT_THAT(classes.names, ElementsAre("cat", "dog"));
  EXPECT_EQ(labelOf(listFolder(folder.path() / "data").files[1], classes), 1);
}

TEST(ClassNames, FollowTheClassesFileThatIsGiven) {
  const TemporaryFolder folder;
  fill(folder, {"n01", "n02"});
  const auto file = folder.write("list", "n02 tench\nn09,shark\nn01\tgreat white shark\r\n\n");
  const ClassNames classes = find(folder, file);
  EXPECT_THAT(classes.names, ElementsAre("tench", "shark", "great white shark"));
  EXPECT_EQ(classes.by_folder.at("n01"), 2);
  EXPECT_EQ(classes.by_folder.at("n02"), 0);
}

TEST(ClassNames, FollowClassesTxtInOrBesideTheFolder) {
  const TemporaryFolder folder;
  fill(folder, {"a", "b"});
  folder.write("classes.txt", "b\na\n");
  EXPECT_EQ(find(folder).by_folder.at("a"), 1);
  folder.write("data/classes.txt", "x\na\nb\n");
  EXPECT_EQ(find(folder).by_folder.at("b"), 2);
}

TEST(ClassNames, MayHoldSpaces) {
  const TemporaryFolder folder;
  fill(folder, {"great white shark", "great owl"});
  const auto file = folder.write("list", "great owl\ngreat white shark\ntench\n");
  EXPECT_EQ(find(folder, file).by_folder.at("great white shark"), 1);
}

TEST(ClassNames, MustNameEachFolderOnce) {
  const TemporaryFolder folder;
  fill(folder, {"a", "b"});
  const auto missing = folder.write("missing", "a\n");
  EXPECT_EQ(errorOf([&] { find(folder, missing); }),
            "class folder 'b' is not, or more than once, among the 1 classes of '" + missing.string() + "'");
  const auto twice = folder.write("twice", "a\nb\nb\n");
  EXPECT_THAT(errorOf([&] { find(folder, twice); }), HasSubstr("class folder 'b' is not, or more than once"));
  const auto empty = folder.write("empty", "\n");
  EXPECT_THAT(errorOf([&] { find(folder, empty); }), HasSubstr("names no classes"));
}

TEST(ClassNames, AreNotThereForFlatFiles) {
  const TemporaryFolder folder;
  folder.copy("rgb.png", "data/1.png");
  folder.write("classes.txt", "a\n");
  const ClassNames classes = find(folder);
  EXPECT_TRUE(classes.names.empty());
  EXPECT_EQ(labelOf(listFolder(folder.path() / "data").files[0], classes), std::nullopt);
}

}  // namespace
}  // namespace quant::test
