#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "core/error.h"
#include "core/files.h"
#include "onnx_io/load.h"
#include "onnx_io/upgrade.h"
#include "support/onnx_text.h"
#include "support/temp_folder.h"

// Damaged files: whatever is in them, `load` gives a graph or one of the two errors that the user can act on.

namespace quant {
namespace {

namespace pb = google::protobuf;
using Random = std::mt19937;

const char* const kTexts[] = {
    R"(g (float[N,3,8,8] x) => (float[N,2] y)
       <float[4,3,3,3] w, float[4] b = {1, 2, 3, 4}, int64[2] s = {0, -1}, float[144,2] m, float lo = {0}, float hi = {6}> {
      [conv] c = Conv <pads = [0, 0, 0, 0], strides = [1, 1], group = 1, dilations = [1, 1]> (x, w0, b)
      [clip] d = Clip(c, lo, hi)
      [pool] e = MaxPool <kernel_shape = [1, 1], strides = [1, 1]> (d)
      [flat] f = Reshape(e, s)
      [gemm] y = MatMul(f, m0)
    })",
    R"(g (bool c, float[2,3] x, int64 n) => (float[2,3] y) <float[2,3] k = {1, 2, 3, 4, 5, 6}> {
      a = If(c) <then_branch = t () => (float[2,3] p) { p = Neg(x) }, else_branch = e () => (float[2,3] q) { q = Abs(k) }>
      l = Loop(n, c, a) <body = b (int64 i, bool go, float[2,3] v) => (bool again, float[2,3] w) {
        again = Identity(go)
        w = Add(v, x)
      }>
      r = com.microsoft.Secret <level = 3> (l)
      y = Softmax <axis = 1> (r)
    })",
    R"(g (float[1,4,6,6] x) => (float[1,4,12,12] y, float[1,2] z, int64[1,2] i)
       <float[4] sc = {1, 1, 2, 2}, int64[1] two = {2}, int64[2] last = {2, 3}, float[4] one = {1, 1, 1, 1}, int64[2] h = {2, 2}> {
      a = BatchNormalization(x, one, one, one, one)
      y = Resize <mode = "nearest"> (a, , sc)
      b = GlobalAveragePool(a)
      c, d = Split <axis = 1> (b, h)
      e = Squeeze(c, last)
      f = Flatten <axis = 1> (b)
      k = Transpose <perm = [1, 0]> (f)
      l = Constant <value = int64[4] {1, 4, 6, 6}> ()
      m = Expand(x, l)
      n = ConstantOfShape <value = float[1] {1}> (two)
      o = DepthToSpace <blocksize = 2> (x)
      p = Pad(e, l)
      z, i = TopK <axis = 1> (f, two)
    })",
};

std::vector<onnx::ModelProto> seeds() {
  std::vector<onnx::ModelProto> models;
  for (const char* const text : kTexts) models.push_back(test::parseModel(text));
  auto& first = *models[0].mutable_graph();
  const auto addWeights = [&](const char* name, std::vector<int64_t> dims, size_t count) {
    auto& tensor = *first.add_initializer();
    tensor.set_name(name);
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    for (const int64_t size : dims) tensor.add_dims(size);
    tensor.set_raw_data(std::string(4 * count, '\1'));
  };
  addWeights("w0", {4, 3, 3, 3}, 108);
  addWeights("m0", {144, 2}, 288);
  models.push_back(
      test::parseModel("g (float[2,3,4] x) => (y) { a = Slice <starts = [0], ends = [1]> (x) "
                       "b = Unsqueeze <axes = [0]> (a)  y = Softmax(b) }",
                       9));
  onnx::ModelProto digits;
  digits.ParseFromString(readFile(std::filesystem::path(QUANTIZE_SOURCE_DIR) / "models" / "digits" / "digits.onnx"));
  models.push_back(std::move(digits));
  return models;
}

size_t below(Random& random, size_t limit) { return random() % limit; }

// --- bytes --------------------------------------------------------------------------------------------------------

void flipBytes(std::string& content, Random& random) {
  const size_t count = 1 + below(random, 8);
  for (size_t i = 0; i < count; ++i) content[below(random, content.size())] = static_cast<char>(random());
}

void truncate(std::string& content, Random& random) { content.resize(below(random, content.size())); }

void moveBlock(std::string& content, Random& random) {
  const size_t from = below(random, content.size()), to = below(random, content.size());
  const size_t size = below(random, std::min<size_t>(64, content.size() - std::max(from, to)) + 1);
  const std::vector<char> block(content.begin() + static_cast<std::ptrdiff_t>(from),
                                content.begin() + static_cast<std::ptrdiff_t>(from + size));
  std::ranges::copy(block, content.begin() + static_cast<std::ptrdiff_t>(to));
}

void insertBytes(std::string& content, Random& random) {
  std::string noise(1 + below(random, 16), '\0');
  for (char& c : noise) c = static_cast<char>(random());
  const size_t at = below(random, content.size());
  content = content.substr(0, at).append(noise).append(content.substr(at));
}

// --- fields -------------------------------------------------------------------------------------------------------

/// Every message inside `message`, itself included.
void collect(pb::Message& message, std::vector<pb::Message*>& found) {
  found.push_back(&message);
  const auto* reflection = message.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      collect(*reflection->MutableMessage(&message, field), found);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      collect(*reflection->MutableRepeatedMessage(&message, field, i), found);
    }
  }
}

int64_t oddNumber(Random& random) {
  constexpr int64_t kOdd[] = {0, -1, 1, 2, 7, 255, 1 << 20, int64_t{1} << 31, int64_t{1} << 40, INT64_MAX, INT64_MIN};
  return kOdd[below(random, std::size(kOdd))];
}

void mutateSingle(pb::Message& message, const pb::FieldDescriptor* field, Random& random) {
  const auto* reflection = message.GetReflection();
  if (random() % 3 == 0) return reflection->ClearField(&message, field);
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT64: return reflection->SetInt64(&message, field, oddNumber(random));
    case pb::FieldDescriptor::CPPTYPE_INT32:
      return reflection->SetInt32(&message, field, static_cast<int32_t>(oddNumber(random)));
    case pb::FieldDescriptor::CPPTYPE_ENUM:
      return reflection->SetEnumValue(&message, field, static_cast<int>(below(random, 17)));
    case pb::FieldDescriptor::CPPTYPE_FLOAT: return reflection->SetFloat(&message, field, std::nanf(""));
    case pb::FieldDescriptor::CPPTYPE_STRING: {
      constexpr const char* kNames[] = {"", "x", "y", "a", "Relu", "Conv", "Reshape", "ai.onnx", "SAME_UPPER", "w0"};
      return reflection->SetString(&message, field, kNames[below(random, std::size(kNames))]);
    }
    default: return reflection->ClearField(&message, field);
  }
}

void mutateRepeated(pb::Message& message, const pb::FieldDescriptor* field, Random& random) {
  const auto* reflection = message.GetReflection();
  const int size = reflection->FieldSize(message, field);
  const auto any = [&] { return static_cast<int>(below(random, static_cast<size_t>(size))); };
  switch (random() % 4) {
    case 0: return reflection->SwapElements(&message, field, any(), any());
    case 1: return reflection->RemoveLast(&message, field);
    default: break;
  }
  switch (field->cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_INT64:
      return reflection->SetRepeatedInt64(&message, field, any(), oddNumber(random));
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return reflection->SetRepeatedString(&message, field, any(), random() % 2 == 0 ? "x" : "");
    case pb::FieldDescriptor::CPPTYPE_MESSAGE: {
      const auto& source = reflection->GetRepeatedMessage(message, field, any());
      std::unique_ptr<pb::Message> copy(source.New());
      copy->CopyFrom(source);
      return reflection->AddMessage(&message, field)->CopyFrom(*copy);
    }
    default: return reflection->RemoveLast(&message, field);
  }
}

void mutateField(onnx::ModelProto& model, Random& random) {
  std::vector<pb::Message*> messages;
  collect(model, messages);
  pb::Message& message = *messages[below(random, messages.size())];
  std::vector<const pb::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  if (fields.empty()) return;
  const auto* field = fields[below(random, fields.size())];
  field->is_repeated() ? mutateRepeated(message, field, random) : mutateSingle(message, field, random);
}

// --- the test -----------------------------------------------------------------------------------------------------

std::string mutate(const onnx::ModelProto& seed, Random& random) {
  if (random() % 3 != 0) {
    onnx::ModelProto model = seed;
    const size_t count = 1 + below(random, 3);
    for (size_t i = 0; i < count; ++i) mutateField(model, random);
    return model.SerializeAsString();
  }
  std::string content = seed.SerializeAsString();
  using Mutation = void (*)(std::string&, Random&);
  constexpr Mutation kMutations[] = {flipBytes, truncate, moveBlock, insertBytes};
  kMutations[below(random, std::size(kMutations))](content, random);
  return content;
}

/// Loads and raises a damaged file; anything but a graph or an error for the user fails the test.
enum class Outcome { kLoaded, kBadInput, kUnsupported };

Outcome outcomeOf(const std::filesystem::path& path) {
  try {
    Graph graph = load(path);
    upgradeOpset(graph, 21);
    return Outcome::kLoaded;
  } catch (const Error& error) {
    if (error.code() == ExitCode::kBadInput) return Outcome::kBadInput;
    if (error.code() == ExitCode::kUnsupported) return Outcome::kUnsupported;
    throw;
  }
}

int roundsFromEnvironment() {
  const char* const text = std::getenv("QUANTIZE_MUTATIONS");  // more, for a long run by hand
  return text == nullptr ? 1000 : std::atoi(text);
}

TEST(Mutation, DamagedFilesEndInAGraphOrAnErrorForTheUser) {
  const auto models = seeds();
  const test::TempFolder folder;
  for (const auto& seed : models) {
    ASSERT_EQ(outcomeOf(folder.write("seed.onnx", seed.SerializeAsString())), Outcome::kLoaded);
  }
  std::map<Outcome, int> counts;
  for (int round = 0; round < roundsFromEnvironment(); ++round) {
    Random random(static_cast<uint32_t>(round));
    const auto path = folder.write("mutant.onnx", mutate(models[static_cast<size_t>(round) % models.size()], random));
    const auto start = std::chrono::steady_clock::now();
    try {
      ++counts[outcomeOf(path)];
    } catch (const std::exception& error) {
      ADD_FAILURE() << "mutation " << round << ": " << error.what();
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5)) << "mutation " << round;
  }
  std::cout << counts[Outcome::kLoaded] << " loaded, " << counts[Outcome::kBadInput] << " refused, "
            << counts[Outcome::kUnsupported] << " unsupported\n";
  EXPECT_GT(counts[Outcome::kLoaded], 50);  // mutations that are only ever refused would test little
  EXPECT_GT(counts[Outcome::kBadInput], 50);
}

}  // namespace
}  // namespace quant
