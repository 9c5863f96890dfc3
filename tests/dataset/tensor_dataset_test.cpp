#include <gmock/gmock.h>
#include <onnx/onnx_pb.h>

#include <span>

#include "dataset/data_files.h"
#include "dataset/dataset.h"
#include "support/shared_data.h"

namespace quant::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

InputSpec input(const std::string& name, DataType type, Shape shape) { return {name, type, std::move(shape)}; }

/// A .npy file of little-endian elements.
template <class T>
std::string npy(const std::string& descr, const std::string& shape, const std::vector<T>& values) {
  const std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const auto bytes = std::as_bytes(std::span(values));
  const std::string data(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header + data;
}

std::string floats(const std::string& shape, const std::vector<float>& values) { return npy("<f4", shape, values); }

std::string proto(std::vector<int64_t> dims, const std::vector<float>& values) {
  onnx::TensorProto tensor;
  tensor.set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t size : dims) tensor.add_dims(size);
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
  return tensor.SerializeAsString();
}

TEST(ArrayDataset, TakesAFileForASample) {
  const TemporaryFolder folder;
  folder.write("a.npy", floats("2,", {1, 2}));
  folder.write("b.npy", floats("1, 2", {3, 4}));
  const auto dataset = openDataset(folder.path(), {input("x", DataType::kFloat32, {-1, 2})});
  ASSERT_EQ(dataset->size(), 2U);
  EXPECT_EQ(dataset->load(0).inputs.at("x").shape(), (Shape{1, 2}));
  EXPECT_THAT(dataset->load(1).inputs.at("x").data<float>(), ElementsAre(3, 4));
  EXPECT_EQ(dataset->load(1).name, "b.npy");
  EXPECT_EQ(dataset->description(), "2 samples (NumPy arrays)");
  EXPECT_FALSE(dataset->preprocess().has_value());
}

TEST(ArrayDataset, SplitsALeadingSampleAxis) {
  const TemporaryFolder folder;
  folder.write("a.npy", floats("3, 2", {1, 2, 3, 4, 5, 6}));
  folder.write("b.npy", floats("2, 2", {7, 8, 9, 10}));
  const auto dataset = openDataset(folder.path(), {input("x", DataType::kFloat32, {1, 2})}, {{}, 3, {}});
  ASSERT_EQ(dataset->size(), 3U);
  EXPECT_THAT(dataset->load(0).inputs.at("x").data<float>(), ElementsAre(1, 2));
  EXPECT_THAT(dataset->load(1).inputs.at("x").data<float>(), ElementsAre(3, 4));
  EXPECT_EQ(dataset->load(2).name, "b.npy[0]");
  EXPECT_THAT(dataset->load(2).inputs.at("x").data<float>(), ElementsAre(7, 8));
  EXPECT_EQ(dataset->description(), "3 of 5 samples (NumPy arrays, 2 files)");
}

TEST(ArrayDataset, MatchesInputsByName) {
  for (const auto* name : {"stored.npz", "deflated.npz"}) {
    const auto dataset = openDataset(
        dataFile(name), {input("mask", DataType::kInt64, {-1, -1}), input("ids", DataType::kInt32, {-1, -1})});
    const Sample sample = dataset->load(0);
    EXPECT_THAT(sample.inputs.at("ids").data<int32_t>(), ElementsAre(3, 1, 2));
    EXPECT_THAT(sample.inputs.at("mask").data<int64_t>(), ElementsAre(1, 1, 1));
  }
}

TEST(ArrayDataset, NamesMissingArrays) {
  EXPECT_EQ(errorOf([] {
              openDataset(dataFile("stored.npz"),
                          {input("ids", DataType::kInt64, {-1, -1}), input("types", DataType::kInt64, {-1, -1})});
            }),
            quoted(dataFile("stored.npz")) + " has no array 'types' for that input of the model; it holds: ids, mask");
  EXPECT_THAT(errorOf([] {
                openDataset(dataFile("float32.npy"),
                            {input("a", DataType::kFloat32, {-1, 3}), input("b", DataType::kFloat32, {-1, 3})});
              }),
              HasSubstr("holds one array, but the model has 2 inputs"));
}

TEST(ArrayDataset, NamesArraysThatDoNotFit) {
  EXPECT_EQ(errorOf([] {
              openDataset(dataFile("float32.npy"), {input("x", DataType::kFloat32, {-1, 4})});
            }),
            quoted(dataFile("float32.npy")) + " has shape [2,3], which does not fit model input 'x' (float [?,4])");
  EXPECT_EQ(errorOf([] {
              openDataset(dataFile("stored.npz"),
                          {input("ids", DataType::kInt64, {-1, -1}), input("mask", DataType::kInt64, {-1, 7})});
            }),
            "array 'mask' of '" + dataFile("stored.npz").string() +
                "' has shape [1,3], which does not fit model input 'mask' (int64 [?,7])");
}

TEST(ArrayDataset, NamesElementsThatDoNotFit) {
  const auto dataset = openDataset(dataFile("float32.npy"), {input("x", DataType::kInt64, {-1, 3})});
  EXPECT_THAT(errorOf([&] { dataset->load(0); }), HasSubstr("float32.npy' is float, but the model wants int64"));
}

TEST(ArrayDataset, RefusesFilesWithoutSamples) {
  const TemporaryFolder folder;
  folder.write("a.npy", floats("0, 2", {}));
  EXPECT_THAT(errorOf([&] {
                openDataset(folder.path(), {input("x", DataType::kFloat32, {-1, 2})});
              }),
              HasSubstr("a.npy' has shape [0,2]: no samples"));
}

TEST(ArrayDataset, TakesLabelsFromClassFolders) {
  const TemporaryFolder folder;
  folder.write("no/a.npy", floats("2,", {1, 2}));
  folder.write("yes/a.npy", floats("2,", {3, 4}));
  const auto dataset = openDataset(folder.path(), {input("x", DataType::kFloat32, {-1, 2})});
  EXPECT_EQ(dataset->load(1).label, 1);
  EXPECT_EQ(dataset->description(), "2 samples (NumPy arrays), 2 classes");
}

TEST(ArrayDataset, TakesLabelsFromAnArrayOfThatName) {
  const auto dataset = openDataset(dataFile("labelled.npz"), {input("image", DataType::kFloat32, {-1, 2})});
  ASSERT_EQ(dataset->size(), 3U);
  EXPECT_THAT(dataset->load(2).inputs.at("image").data<float>(), ElementsAre(4, 5));
  EXPECT_EQ(dataset->load(2).label, 9);
  EXPECT_EQ(dataset->load(0).label, 4);
}

TEST(ArrayDataset, LoadsSharedTextForItsModel) {
  SKIP_WITHOUT_SHARED("data/text");
  std::vector<InputSpec> inputs;
  for (const auto* name : {"input_ids", "attention_mask", "token_type_ids"}) {
    inputs.push_back(input(name, DataType::kInt64, {-1, -1}));
  }
  const auto dataset = openDataset(sharedFolder() / "data/text/calibration", inputs);
  EXPECT_EQ(dataset->size(), 100U);
  const Sample sample = dataset->load(0);
  for (const InputSpec& spec : inputs) EXPECT_EQ(sample.inputs.at(spec.name).shape(), (Shape{1, 25}));
  EXPECT_EQ(sample.inputs.at("input_ids").data<int64_t>()[0], 101);  // [CLS]
}

TEST(ProtoDataset, ReadsTestDataSets) {
  const TemporaryFolder folder;
  for (const auto* set : {"test_data_set_0", "test_data_set_1"}) {
    folder.write(std::string(set) + "/input_0.pb", proto({1, 2}, {1, 2}));
    folder.write(std::string(set) + "/input_1.pb", proto({1}, {set[14] == '0' ? 10.F : 11.F}));
    folder.write(std::string(set) + "/output_0.pb", "not looked at");
  }
  folder.write("model.onnx", "not looked at");
  const auto dataset =
      openDataset(folder.path(), {input("b", DataType::kFloat32, {-1, 2}), input("a", DataType::kFloat32, {1})});
  ASSERT_EQ(dataset->size(), 2U);
  const Sample sample = dataset->load(1);
  EXPECT_EQ(sample.name, "test_data_set_1");
  EXPECT_EQ(sample.label, std::nullopt);
  EXPECT_THAT(sample.inputs.at("b").data<float>(), ElementsAre(1, 2));
  EXPECT_THAT(sample.inputs.at("a").data<float>(), ElementsAre(11));
}

TEST(ProtoDataset, FeedsWholeTensorsWhereFirstAxesDiffer) {
  const TemporaryFolder folder;
  folder.write("input_0.pb", proto({2, 1}, {1, 2}));
  folder.write("input_1.pb", proto({3}, {1, 2, 3}));
  const auto dataset =
      openDataset(folder.path(), {input("a", DataType::kFloat32, {-1, 1}), input("b", DataType::kFloat32, {-1})});
  ASSERT_EQ(dataset->size(), 1U);
  EXPECT_EQ(dataset->load(0).inputs.at("b").shape(), (Shape{3}));
}

TEST(ProtoDataset, TakesFilesOfAnyNameForAModelOfOneInput) {
  const TemporaryFolder folder;
  folder.write("first.pb", proto({2}, {1, 2}));
  folder.write("second.pb", proto({2}, {3, 4}));
  const auto dataset = openDataset(folder.path(), {input("x", DataType::kFloat32, {-1, 2})});
  ASSERT_EQ(dataset->size(), 2U);
  EXPECT_THAT(dataset->load(1).inputs.at("x").data<float>(), ElementsAre(3, 4));
  EXPECT_THAT(
      errorOf([&] {
        openDataset(folder.path(), {input("x", DataType::kFloat32, {-1, 2}), input("y", DataType::kFloat32, {-1, 2})});
      }),
      HasSubstr("first.pb' cannot be matched to one of the model's 2 inputs"));
}

TEST(ProtoDataset, ReadsTypedFields) {
  onnx::TensorProto tensor;
  tensor.add_dims(2);
  tensor.set_data_type(onnx::TensorProto::INT8);
  tensor.add_int32_data(-128);
  tensor.add_int32_data(5);
  const TemporaryFolder folder;
  folder.write("input_0.pb", tensor.SerializeAsString());
  const auto bytes = openDataset(folder.path(), {input("x", DataType::kInt8, {1, 2})});
  EXPECT_THAT(bytes->load(0).inputs.at("x").data<int8_t>(), ElementsAre(-128, 5));
  tensor.set_data_type(onnx::TensorProto::FLOAT16);
  tensor.set_int32_data(0, 0x3c00);
  folder.write("input_0.pb", tensor.SerializeAsString());
  const auto halves = openDataset(folder.path(), {input("x", DataType::kFloat32, {1, 2})});
  EXPECT_EQ(halves->load(0).inputs.at("x").data<float>()[0], 1.0F);
}

TEST(ProtoDataset, NamesWrongFiles) {
  const TemporaryFolder folder;
  const std::vector<InputSpec> inputs = {input("x", DataType::kFloat32, {1, 2}),
                                         input("y", DataType::kFloat32, {1, 2})};
  folder.write("input_0.pb", proto({1, 2}, {1, 2}));
  EXPECT_THAT(errorOf([&] { openDataset(folder.path(), inputs); }),
              HasSubstr("has no input_1.pb for model input 'y' (float [1,2])"));
  folder.write("input_1.pb", "\x07 nonsense");
  EXPECT_THAT(errorOf([&] { openDataset(folder.path(), inputs); }),
              HasSubstr("input_1.pb' is not an ONNX TensorProto"));
  folder.write("input_1.pb", proto({1, 2}, {1, 2, 3}));
  const auto dataset = openDataset(folder.path(), inputs);
  EXPECT_THAT(errorOf([&] { dataset->load(0); }),
              HasSubstr("input_1.pb' of shape [1,2] holds 12 bytes or elements of data, expected 8"));
  folder.write("input_2.pb", proto({1, 2}, {1, 2}));
  EXPECT_THAT(errorOf([&] { openDataset(folder.path(), inputs); }),
              HasSubstr("input_2.pb' is one too many: the model has 2 input(s)"));
}

TEST(RawDataset, ReadsElementsInTheModelsType) {
  const TemporaryFolder folder;
  folder.write("a.bin", std::string("\x01\x02\x03\x04", 4));
  const auto dataset = openDataset(folder.path(), {input("x", DataType::kUInt8, {-1, 2})});
  ASSERT_EQ(dataset->size(), 2U);
  EXPECT_THAT(dataset->load(1).inputs.at("x").data<uint8_t>(), ElementsAre(3, 4));
}

TEST(RawDataset, NamesFilesOfAnotherSize) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.bin", "abc");
  EXPECT_EQ(errorOf([&] {
              openDataset(folder.path(), {input("x", DataType::kFloat32, {-1, 2})});
            }),
            quoted(file) + " has 3 bytes, but model input 'x' (float [?,2]) takes 8, or a multiple");
  EXPECT_THAT(errorOf([&] {
                openDataset(folder.path(), {input("x", DataType::kFloat32, {-1, -1})});
              }),
              HasSubstr("raw files do not say their shape"));
}

Sample sample(const std::string& name, Tensor tensor) {
  Sample result{name, {}, std::nullopt};
  result.inputs.emplace("x", std::move(tensor));
  return result;
}

TEST(Stack, JoinsAlongTheFirstAxis) {
  std::vector<Sample> samples;
  samples.push_back(sample("a", Tensor::of<float>({1, 2}, {1, 2})));
  samples.push_back(sample("b", Tensor::of<float>({2, 2}, {3, 4, 5, 6})));
  const NamedTensors batch = stack(samples);
  EXPECT_EQ(batch.at("x").shape(), (Shape{3, 2}));
  EXPECT_THAT(batch.at("x").data<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Stack, NamesSamplesOfDifferentShape) {
  std::vector<Sample> samples;
  samples.push_back(sample("a", Tensor::of<float>({1, 2}, {1, 2})));
  samples.push_back(sample("b", Tensor::of<float>({1, 1}, {3})));
  EXPECT_EQ(errorOf([&] { stack(samples); }),
            "samples of different shapes cannot be one batch: input 'x' is [1,2] in 'a', but [1,1] in 'b'; use a batch "
            "size of 1");
  samples.clear();
  samples.push_back(sample("a", Tensor::scalar(1.0F)));
  samples.push_back(sample("b", Tensor::scalar(1.0F)));
  EXPECT_THAT(errorOf([&] { stack(samples); }), HasSubstr("'x', which has no axes, cannot be joined"));
}

TEST(SpreadEvenly, TakesFirstOfEachPart) {
  EXPECT_THAT(spreadEvenly(10, 4), ElementsAre(0, 2, 5, 7));
  EXPECT_THAT(spreadEvenly(3, 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(spreadEvenly(3, 9), ElementsAre(0, 1, 2));
}

}  // namespace
}  // namespace quant::test
