#include "dataset/folder_listing.h"

#include <gmock/gmock.h>

#include "dataset/data_files.h"

namespace quant::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> namesIn(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const DataFile& file : listFolder(folder).files) names.push_back(file.name);
  return names;
}

TEST(ListFolder, SortsFilesByName) {
  const TemporaryFolder folder;
  for (const auto* name : {"b.png", "a10.png", "a9.png", "B.png"}) folder.copy("rgb.png", name);
  EXPECT_THAT(namesIn(folder.path()), ElementsAre("B.png", "a10.png", "a9.png", "b.png"));
}

TEST(ListFolder, LooksIntoFoldersAndKeepsTheFirstOneAsClass) {
  const TemporaryFolder folder;
  folder.copy("rgb.png", "dog/1.png");
  folder.copy("rgb.png", "cat/deep/2.png");
  const FolderListing listing = listFolder(folder.path());
  ASSERT_EQ(listing.files.size(), 2U);
  EXPECT_EQ(listing.files[0].name, "cat/deep/2.png");
  EXPECT_EQ(listing.files[0].folder, "cat");
  EXPECT_EQ(listing.files[1].folder, "dog");
}

TEST(ListFolder, TellsPicturesAndArraysByContent) {
  const TemporaryFolder pictures;
  pictures.copy("rgb.png", "a.JPEG");
  pictures.copy("baseline.jpg", "b");
  EXPECT_EQ(listFolder(pictures.path()).kind, DatasetKind::kPictures);
  const TemporaryFolder arrays;
  arrays.copy("float32.npy", "a.dat");
  arrays.copy("stored.npz", "b.zip");
  EXPECT_EQ(listFolder(arrays.path()).kind, DatasetKind::kArrays);
}

TEST(ListFolder, PassesOverHiddenAndSideFiles) {
  const TemporaryFolder folder;
  folder.copy("rgb.png", "a.png");
  folder.copy("rgb.png", "labels_of_wine.png");
  for (const auto* name : {".DS_Store", ".git/x.bin", "classes.txt", "labels.npy", "README", "readme.md", "LICENSE",
                           "Thumbs.db", "info.json", "model.onnx", "output_0.pb"}) {
    folder.write(name, "anything");
  }
  EXPECT_THAT(namesIn(folder.path()), ElementsAre("a.png", "labels_of_wine.png"));
}

TEST(ListFolder, AcceptsOneFile) { EXPECT_THAT(namesIn(dataFile("stored.npz")), ElementsAre("stored.npz")); }

TEST(ListFolder, NamesMixedKinds) {
  const TemporaryFolder folder;
  folder.copy("rgb.png", "a.png");
  folder.copy("stored.npz", "b.npz");
  EXPECT_EQ(errorOf([&] { listFolder(folder.path()); }),
            "the data folder '" + folder.path().string() +
                "' mixes kinds: 'a.png' is of pictures, but 'b.npz' of NumPy arrays");
}

TEST(ListFolder, NamesEmptyAndUnknownFiles) {
  const TemporaryFolder folder;
  folder.copy("rgb.png", "a.png");
  const auto empty = folder.write("empty.png", "");
  EXPECT_THAT(errorOf([&] { listFolder(folder.path()); }), HasSubstr(quoted(empty) + " is empty; samples are"));
  const auto webp = folder.write("empty.png", "RIFF....WEBPVP8 ");
  EXPECT_THAT(errorOf([&] { listFolder(folder.path()); }), HasSubstr(quoted(webp) + " is a WebP picture"));
}

TEST(ListFolder, NamesFilesBesideClassFolders) {
  const TemporaryFolder folder;
  folder.copy("rgb.png", "cat/a.png");
  folder.copy("rgb.png", "b.png");
  EXPECT_THAT(errorOf([&] { listFolder(folder.path()); }), HasSubstr("b.png' lies beside folders with samples ("));
}

TEST(ListFolder, NamesFoldersWithoutSamples) {
  const TemporaryFolder folder;
  EXPECT_THAT(errorOf([&] { listFolder(folder.path()); }), HasSubstr("holds no samples"));
  EXPECT_THAT(errorOf([&] { listFolder(folder.path() / "none"); }), HasSubstr("there is no data folder"));
}

TEST(ListFolder, NamesBrokenLinks) {
  const TemporaryFolder folder;
  std::filesystem::create_symlink("nowhere", folder.path() / "link.png");
  EXPECT_THAT(errorOf([&] { listFolder(folder.path()); }), HasSubstr("link.png' is not a file that can be read"));
}

}  // namespace
}  // namespace quant::test
