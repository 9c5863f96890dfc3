#include "dataset/labels.h"

#include <gmock/gmock.h>

#include "dataset/data_files.h"
#include "dataset/dataset.h"

namespace quant::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Labels read(const TemporaryFolder& folder, const std::string& content, const ClassNames& classes = {}) {
  return readLabels(folder.write("labels.csv", content), classes);
}

/// A .npy file of small whole numbers.
std::string npyOf(const std::vector<char>& values) {
  std::string header = fmt::format("{{'descr': '|u1', 'fortran_order': False, 'shape': ({},), }}", values.size());
  header.resize(118, ' ');
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + std::string(values.begin(), values.end());
}

/// Labels of the samples of 'data', where three pictures lie flat.
std::vector<std::optional<int64_t>> labelsOf(const TemporaryFolder& folder, const std::filesystem::path& file,
                                             size_t max_samples = 0) {
  for (const char* name : {"a", "b", "c"}) folder.copy("rgb.png", fmt::format("data/{}.png", name));
  DatasetOptions options;
  options.max_samples = max_samples;
  options.labels_file = file;
  const auto dataset = openDataset(folder.path() / "data", {{"x", DataType::kFloat32, {1, 3, -1, -1}, true}}, options);
  std::vector<std::optional<int64_t>> labels;
  for (size_t i = 0; i < dataset->size(); ++i) labels.push_back(dataset->load(i).label);
  return labels;
}

TEST(Labels, StandBehindPathsWithAnyOfTheUsualSeparators) {
  const TemporaryFolder folder;
  for (const char* text : {"a.png,3\nd/b.png,1\n", "a.png\t3\r\nd/b.png\t1\r\n", "\"a.png\", 3\n\n./d/b.png, 1"}) {
    const Labels labels = read(folder, text);
    EXPECT_EQ(labels.of("a.png", 0), 3) << text;
    EXPECT_EQ(labels.of("d/b.png", 0), 1) << text;
  }
}

TEST(Labels, MayHaveAHeading) { EXPECT_EQ(read(TemporaryFolder{}, "path,label\na.png,3\n").by_name.size(), 1); }

TEST(Labels, MayHaveQuotedPathsWithSeparatorsAndQuotes) {
  EXPECT_EQ(read(TemporaryFolder{}, "\"a,\"\"b\"\".png\",2\n").of("a,\"b\".png", 0), 2);
}

TEST(Labels, MayBeNamesOrFoldersOfClasses) {
  const TemporaryFolder folder;
  const ClassNames classes = readClassNames(folder.write("classes", "n01 tench\nn02 shark\n"));
  const Labels labels = read(folder, "a,shark\nb,n01\n", classes);
  EXPECT_EQ(labels.of("a", 0), 1);
  EXPECT_EQ(labels.of("b", 0), 0);
}

TEST(Labels, ThatAreNoClassNameTheLine) {
  EXPECT_THAT(errorOf([] { (void)read(TemporaryFolder{}, "a,1\nb,cat\n"); }),
              AllOf(HasSubstr("line 2 of "), HasSubstr("'cat'")));
  EXPECT_THAT(errorOf([] { (void)read(TemporaryFolder{}, "a,1\nb,-1\n"); }), HasSubstr("-1 is below zero"));
  EXPECT_THAT(errorOf([] { (void)read(TemporaryFolder{}, "a,1\na,2\n"); }), HasSubstr("has a label already"));
  EXPECT_THAT(errorOf([] { (void)read(TemporaryFolder{}, "nothing\n"); }), HasSubstr("holds no labels"));
}

TEST(Labels, OfAnArrayStandInTheOrderOfTheFiles) {
  const TemporaryFolder folder;
  EXPECT_THAT(labelsOf(folder, folder.write("labels.npy", npyOf({7, 8, 9}))), ElementsAre(7, 8, 9));
}

TEST(Labels, OfAnArrayFollowTheSamplesThatAreTaken) {
  const TemporaryFolder folder;
  EXPECT_THAT(labelsOf(folder, folder.write("labels.npy", npyOf({7, 8, 9})), 2), ElementsAre(7, 8));
}

TEST(Labels, OfAnArrayOfAnotherLengthAreRefused) {
  const TemporaryFolder folder;
  EXPECT_THAT(errorOf([&] {
                (void)labelsOf(folder, folder.write("labels.npy", npyOf({7, 8})));
              }),
              AllOf(HasSubstr("holds 2 labels"), HasSubstr("3 samples")));
}

TEST(Labels, MustNameEverySample) {
  const TemporaryFolder folder;
  EXPECT_THAT(errorOf([&] { (void)labelsOf(folder, folder.write("l.csv", "a.png,1\nc.png,2\n")); }),
              HasSubstr("no label for 'b.png'"));
}

TEST(Labels, AreFoundInTheDataFolder) {
  const TemporaryFolder folder;
  EXPECT_FALSE(findLabelsFile(folder.path()));
  EXPECT_EQ(findLabelsFile(folder.write("labels.tsv", "").parent_path()), folder.path() / "labels.tsv");
}

}  // namespace
}  // namespace quant::test
