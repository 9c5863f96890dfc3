#include "graph/onnx_message.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace quant {

namespace {

void removeAll(std::string& text, std::string_view part) {
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at)) text.erase(at, part.size());
}

/// "(op_type:Conv, node name: c): why" becomes "node 'c' (Conv): why", everywhere in the text.
void rewriteNodes(std::string& text) {
  constexpr std::string_view kOp = "(op_type:", kName = ", node name: ", kEnd = "): ";
  for (size_t at = text.find(kOp); at != std::string::npos; at = text.find(kOp, at + 1)) {
    const size_t name = text.find(kName, at), end = text.find(kEnd, at);
    if (name == std::string::npos || end == std::string::npos || name > end) continue;
    const std::string op_type = text.substr(at + kOp.size(), name - at - kOp.size());
    const std::string label = text.substr(name + kName.size(), end - name - kName.size());
    const std::string node = fmt::format("node '{}' ({}): ", label, op_type);
    text.replace(at, end + kEnd.size() - at, node);
    at += node.size() - 1;
  }
}

}  // namespace

std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return text;
}

std::string onnxMessage(std::string_view what) {
  std::string text(what.substr(0, what.find("\n\n==> Context")));
  for (const std::string_view tag :
       std::to_array<std::string_view>({"[ShapeInferenceError] ", "[TypeInferenceError] ", "Inference error(s): "})) {
    removeAll(text, tag);
  }
  if (const size_t next = text.find("\n(op_type:"); next != std::string::npos) text.resize(next);
  rewriteNodes(text);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  std::ranges::replace(text, '\n', ' ');
  return printable(std::move(text));
}

}  // namespace quant
