#include "onnx_io/data_writer.h"

#include <algorithm>

#include "core/error.h"
#include "core/files.h"

namespace quant {

namespace {

constexpr size_t kPiece = size_t{16} << 20;

}  // namespace

void writeElements(const Graph& graph, const std::string& name, uint64_t expected_bytes, std::ostream& stream) {
  uint64_t written = 0;
  graph.readConstant(name, [&](std::span<const std::byte> bytes) {
    written += bytes.size();
    for (size_t at = 0; at < bytes.size(); at += kPiece) {
      const auto piece = bytes.subspan(at, std::min(kPiece, bytes.size() - at));
      stream.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
      releasePages(piece);
    }
  });
  if (written != expected_bytes) {
    throwInternal("initializer '{}' has {} bytes of elements, its shape needs {}", name, written, expected_bytes);
  }
}

}  // namespace quant
