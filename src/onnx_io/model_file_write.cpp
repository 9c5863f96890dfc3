#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/wire_format_lite.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "core/files.h"
#include "onnx_io/check.h"
#include "onnx_io/data_writer.h"
#include "onnx_io/model_file.h"

namespace quant {

namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;

std::string serialize(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream output(&bytes);
  CodedOutputStream coded(&output);
  coded.SetSerializationDeterministic(true);
  if (!message.SerializeToCodedStream(&coded)) throwInternal("the model cannot be serialized");
  coded.Trim();
  return bytes;
}

/// A field's tag and length, which stand before its bytes.
std::string header(int field, uint64_t length) {
  std::string bytes;
  google::protobuf::io::StringOutputStream output(&bytes);
  CodedOutputStream coded(&output);
  coded.WriteTag(WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  coded.WriteVarint64(length);
  coded.Trim();
  return bytes;
}

/// A message that is written around one large field, which stands between the smaller and the larger field numbers.
struct Frame {
  std::string before, after;
  [[nodiscard]] uint64_t size() const { return before.size() + after.size(); }
};

Frame frameAround(int field, const google::protobuf::MessageLite& message) {
  const std::string bytes = serialize(message);
  CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  int split = 0;
  while (const uint32_t tag = stream.ReadTag()) {
    if (WireFormatLite::GetTagFieldNumber(tag) > field || !WireFormatLite::SkipField(&stream, tag)) break;
    split = stream.CurrentPosition();
  }
  const auto middle = static_cast<size_t>(split);
  return {bytes.substr(0, middle), bytes.substr(middle)};
}

/// One initializer: a whole message, or the frame around elements that the graph hands out.
struct Initializer {
  std::string name;
  Frame frame;
  uint64_t data_bytes = 0;  ///< of elements that are not in the proto
  uint64_t size = 0;        ///< of the message
};

class ModelWriter {
 public:
  ModelWriter(Graph graph, const std::filesystem::path& path) : graph_(std::move(graph)), path_(path) {
    onnx::ModelProto model = graph_.releaseNodes();
    const onnx::GraphProto body = std::move(*model.mutable_graph());
    model.clear_graph();
    requireSmallEnough(model.ByteSizeLong() + body.ByteSizeLong());
    model_frame_ = frameAround(onnx::ModelProto::kGraphFieldNumber, model);
    graph_frame_ = frameAround(onnx::GraphProto::kInitializerFieldNumber, body);
    graph_size_ = graph_frame_.size();
    for (const auto& name : graph_.constants()) {
      initializers_.push_back(describe(name));
      const uint64_t size = initializers_.back().size;
      graph_size_ += header(onnx::GraphProto::kInitializerFieldNumber, size).size() + size;
    }
    requireSmallEnough(model_frame_.size() + graph_size_);
  }

  void write() {
    std::ofstream stream(path_, std::ios::binary | std::ios::trunc);
    stream << model_frame_.before << header(onnx::ModelProto::kGraphFieldNumber, graph_size_) << graph_frame_.before;
    for (const Initializer& initializer : initializers_) writeInitializer(stream, initializer);
    stream << graph_frame_.after << model_frame_.after;
    stream.close();
    if (!stream) throwBadInput("cannot write '{}': {}", path_.string(), std::strerror(errno));
  }

 private:
  Initializer describe(const std::string& name) const {
    const onnx::TensorProto& proto = *graph_.constantProto(name);
    if (graph_.isDataInProto(name)) return {name, {}, 0, proto.ByteSizeLong()};
    onnx::TensorProto shell = proto;
    shell.clear_external_data();
    shell.clear_data_location();
    Initializer result{name, frameAround(onnx::TensorProto::kRawDataFieldNumber, shell),
                       static_cast<uint64_t>(rawSize(proto)), 0};
    result.size = result.frame.size() + rawDataHeader(result).size() + result.data_bytes;
    return result;
  }

  static std::string rawDataHeader(const Initializer& initializer) {
    return header(onnx::TensorProto::kRawDataFieldNumber, initializer.data_bytes);
  }

  void writeInitializer(std::ostream& stream, const Initializer& initializer) const {
    stream << header(onnx::GraphProto::kInitializerFieldNumber, initializer.size);
    if (graph_.isDataInProto(initializer.name)) {
      google::protobuf::io::OstreamOutputStream output(&stream);
      CodedOutputStream coded(&output);
      coded.SetSerializationDeterministic(true);
      graph_.constantProto(initializer.name)->SerializeToCodedStream(&coded);
      return;
    }
    stream << initializer.frame.before << rawDataHeader(initializer);
    writeElements(graph_, initializer.name, initializer.data_bytes, stream);
    stream << initializer.frame.after;
  }

  void requireSmallEnough(uint64_t size) const {
    if (size <= kModelFileLimit) return;
    throwUnsupported("'{}' would have {}: more than 2 GB lie outside the initializers, where they cannot be external",
                     path_.string(), humanSize(size));
  }

  Graph graph_;
  const std::filesystem::path& path_;
  Frame model_frame_, graph_frame_;
  uint64_t graph_size_ = 0;
  std::vector<Initializer> initializers_;
};

}  // namespace

void writeModelFile(Graph graph, const std::filesystem::path& path) { ModelWriter(std::move(graph), path).write(); }

}  // namespace quant
