#pragma once

#include <string>
#include <string_view>

namespace quant {

/// What ONNX's checker, shape inference or version converter said, as one line in the style of our own messages:
/// "node 'conv1' (Conv): Incompatible dimensions". Of several errors, the first.
std::string onnxMessage(std::string_view what);

/// `text` with every control character (a name in a damaged file may hold any byte) replaced by '?'.
std::string printable(std::string text);

}  // namespace quant
