#include "dataset/array_file.h"

#include <gmock/gmock.h>

#include <cstring>
#include <numeric>
#include <tuple>

#include "dataset/data_files.h"

namespace quant::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A version 1 file with that header and those bytes of data.
std::string npy(const std::string& header, const std::string& data = "") {
  const auto length = static_cast<char>(header.size());
  return std::string("\x93NUMPY\x01\x00", 8) + length + '\0' + header + data;
}

std::string errorOfReading(const std::string& content, const std::string& name = "a.npy") {
  return errorOf([&] {
    const ArrayFile arrays({std::as_bytes(std::span(content)), nullptr}, name);
    for (const auto& [array, header] : arrays.headers()) std::ignore = arrays.read(array);
  });
}

TEST(ArrayFile, ReadsNpy) {
  const Tensor tensor = ArrayFile(dataFile("float32.npy")).read("");
  EXPECT_EQ(tensor.shape(), (Shape{2, 3}));
  EXPECT_THAT(tensor.data<float>(), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST(ArrayFile, ReadsVersion3AndHalfAndBool) {
  EXPECT_THAT(ArrayFile(dataFile("version3.npy")).read("").data<uint32_t>(), ElementsAre(7, 8));
  EXPECT_THAT(ArrayFile(dataFile("half.npy")).read("").data<Float16>(), ElementsAre(Float16(0.5F), Float16(-2.0F)));
  EXPECT_THAT(ArrayFile(dataFile("bool.npy")).read("").data<bool>(), ElementsAre(true, false, true));
}

TEST(ArrayFile, TurnsFortranOrderToRowMajor) {
  const Tensor tensor = ArrayFile(dataFile("fortran.npy")).read("");
  std::vector<int16_t> expected(24);
  std::iota(expected.begin(), expected.end(), int16_t{0});
  EXPECT_EQ(tensor.shape(), (Shape{2, 3, 4}));
  EXPECT_THAT(tensor.data<int16_t>(), ::testing::ElementsAreArray(expected));
}

class ArrayFileArchive : public ::testing::TestWithParam<std::string> {};

TEST_P(ArrayFileArchive, ReadsArraysByName) {
  const ArrayFile file(dataFile(GetParam()));
  EXPECT_EQ(file.headers().at("ids").shape, (Shape{1, 3}));
  EXPECT_THAT(file.read("ids").data<int64_t>(), ElementsAre(3, 1, 2));
}

INSTANTIATE_TEST_SUITE_P(Kinds, ArrayFileArchive, ::testing::Values("stored.npz", "deflated.npz", "zip64.npz"),
                         [](const auto& test) { return test.param.substr(0, test.param.find('.')); });

TEST(ArrayFile, NamesTruncatedFiles) {
  for (const std::string name : {"float32.npy", "stored.npz", "deflated.npz", "zip64.npz"}) {
    const std::string whole = readFile(dataFile(name));
    for (size_t size = 0; size < whole.size(); ++size) {
      EXPECT_THAT(errorOfReading(whole.substr(0, size), name), HasSubstr(name)) << size << " bytes";
    }
  }
}

TEST(ArrayFile, SurvivesAnyChangedByte) {
  for (const std::string name : {"float32.npy", "fortran.npy", "stored.npz", "deflated.npz", "zip64.npz"}) {
    const std::string whole = readFile(dataFile(name));
    for (size_t i = 0; i < whole.size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        std::string changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ flip);
        const std::string error = errorOfReading(changed, name);
        EXPECT_TRUE(error.empty() || error.find(name) != std::string::npos) << error;
      }
    }
  }
}

TEST(ArrayFile, FindsDamagedElementsByTheirChecksum) {
  std::string content = readFile(dataFile("stored.npz"));
  content[content.find("\x93NUMPY") + 128] ^= 1;  // the first element
  EXPECT_THAT(errorOfReading(content), HasSubstr("its checksum is wrong"));
}

TEST(ArrayFile, RefusesWhatItCannotRepresent) {
  EXPECT_THAT(errorOfReading(readFile(dataFile("big_endian.npy"))),
              HasSubstr("has elements of type '>f4'; expected little-endian"));
  EXPECT_THAT(errorOfReading(npy("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }")), HasSubstr("type '|O'"));
  EXPECT_THAT(errorOfReading(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,), }")),
              HasSubstr("elements of several fields"));
}

TEST(ArrayFile, DoesNotBelieveHeaders) {
  const std::string order = "'fortran_order': False, ";
  EXPECT_THAT(errorOfReading(npy("{'descr': '<f4', " + order + "'shape': (4294967296, 4294967296), }")),
              HasSubstr("impossible shape"));
  EXPECT_THAT(errorOfReading(npy("{'descr': '<f4', " + order + "'shape': (1000000,), }", "abcd")),
              HasSubstr("is truncated: float of shape [1000000] needs 4000000 bytes, found 4"));
  EXPECT_THAT(errorOfReading(npy("{'descr': '<f4', " + order + "'shape': (-1,), }")), HasSubstr("a wrong shape"));
  EXPECT_THAT(errorOfReading(npy("{'descr': '<f4', 'shape': (1,)")), HasSubstr("is not a NumPy array"));
  EXPECT_THAT(errorOfReading(npy("{'descr': '|b1', " + order + "'shape': (1,)}", "\x02")),
              HasSubstr("bytes other than 0 and 1"));
}

TEST(ArrayFile, ReadsScalarsAndEmptyArrays) {
  const auto read = [](const std::string& content) {
    return readNpy({std::as_bytes(std::span(content)), nullptr}, "a.npy").clone();
  };
  const Tensor scalar = read(npy("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "\x05"));
  EXPECT_THAT(scalar.data<uint8_t>(), ElementsAre(5));
  EXPECT_EQ(read(npy("{'descr': '<f8', 'fortran_order': True, 'shape': (0, 7)}")).shape(), (Shape{0, 7}));
}

}  // namespace
}  // namespace quant::test
