#include "onnx_io/model_file.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "core/error.h"
#include "core/files.h"

namespace quant {

namespace {

using namespace std::string_view_literals;

struct Signature {
  size_t offset;
  std::string_view bytes;
  std::string_view meaning;
};

/// What people pass by mistake.
constexpr Signature kSignatures[] = {
    {0, "PK\x03\x04"sv, "a zip archive (a PyTorch checkpoint or an npz file?)"},
    {0, "\x80\x02"sv, "a Python pickle (a PyTorch checkpoint?)"},
    {0, "\x89HDF"sv, "an HDF5 file (a Keras model?)"},
    {0, "\x93NUMPY"sv, "a numpy array"},
    {0, "\x89PNG"sv, "a PNG image"},
    {0, "\xFF\xD8\xFF"sv, "a JPEG image"},
    {0, "\x1F\x8B"sv, "a gzip archive"},
    {0, "version https://git-lfs"sv, "a Git LFS pointer (the model itself was not downloaded)"},
    {0, "<!DOCTYPE"sv, "a web page (a download that failed?)"},
    {0, "<html"sv, "a web page (a download that failed?)"},
    {0, "<?xml"sv, "XML text (an OpenVINO model?)"},
    {4, "TFL3"sv, "a TensorFlow Lite model"},
    {4, "ORTM"sv, "a model in onnxruntime's own format"},
};

bool looksLikeText(std::string_view content) {
  const std::string_view head = content.substr(0, 512);
  return std::ranges::all_of(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return std::isprint(byte) != 0 || std::isspace(byte) != 0;
  });
}

/// What the file is, where that can be told; empty otherwise.
std::string_view recognise(std::string_view content) {
  for (const Signature& signature : kSignatures) {
    if (content.size() > signature.offset && content.substr(signature.offset).starts_with(signature.bytes)) {
      return signature.meaning;
    }
  }
  return looksLikeText(content) ? "text"sv : std::string_view();
}

bool parse(std::string_view content, onnx::ModelProto& model) {
  const google::protobuf::LogSilencer silencer;  // the error is ours to report
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(content.data()),
                                                static_cast<int>(content.size()));
  stream.SetTotalBytesLimit(static_cast<int>(kModelFileLimit));
  return model.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

}  // namespace

onnx::ModelProto readModelFile(const std::filesystem::path& path) {
  const auto file = MappedFile::open(path);
  const std::string_view content(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  if (content.empty()) throwBadInput("'{}' is not an ONNX model: it is empty", path.string());
  if (content.size() > kModelFileLimit) {
    throwBadInput(
        "'{}' has {}, but a file of this kind ends at 2 GB; larger models keep their weights as external data",
        path.string(), humanSize(content.size()));
  }
  onnx::ModelProto model;
  const bool is_parsed = parse(content, model);
  if (is_parsed && model.has_graph()) return model;
  if (const auto meaning = recognise(content); !meaning.empty()) {
    throwBadInput("'{}' is not an ONNX model: it looks like {}", path.string(), meaning);
  }
  if (is_parsed) throwBadInput("'{}' is not an ONNX model: it holds no graph", path.string());
  throwBadInput("'{}' is not an ONNX model, or it is truncated or damaged: its {} cannot be parsed", path.string(),
                humanSize(content.size()));
}

}  // namespace quant
