#include "dataset/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <string_view>

#include "core/error.h"

namespace quant {

namespace {

static_assert(std::endian::native == std::endian::little, "elements are used as they lie in the file");

constexpr std::string_view kMagic = "\x93NUMPY";

struct TypeName {
  std::string_view code;
  DataType type;
};

constexpr std::array kTypes = {
    TypeName{"f2", DataType::kFloat16}, TypeName{"f4", DataType::kFloat32}, TypeName{"f8", DataType::kFloat64},
    TypeName{"i1", DataType::kInt8},    TypeName{"i2", DataType::kInt16},   TypeName{"i4", DataType::kInt32},
    TypeName{"i8", DataType::kInt64},   TypeName{"u1", DataType::kUInt8},   TypeName{"u2", DataType::kUInt16},
    TypeName{"u4", DataType::kUInt32},  TypeName{"u8", DataType::kUInt64},  TypeName{"b1", DataType::kBool},
};

/// Reads the Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& what) : rest_(text), what_(what) {}

  NpyHeader read() {
    NpyHeader header;
    expect("{");
    while (!accept("}")) {
      const std::string_view key = readString();
      expect(":");
      readValue(key, header);
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    if (header.type == DataType::kUndefined) fail("no element type");
    return header;
  }

 private:
  void readValue(std::string_view key, NpyHeader& header) {
    if (key == "descr") {
      header.type = readType();
    } else if (key == "fortran_order") {
      header.fortran_order = readBool();
    } else if (key == "shape") {
      header.shape = readShape();
    } else {
      fail("an unknown field");
    }
  }

  DataType readType() {
    if (startsWith("[")) throwUnsupported("{} has elements of several fields; save plain arrays", what_);
    const std::string_view code = readString();
    const auto* found = std::ranges::find(kTypes, code.substr(std::min<size_t>(code.size(), 1)), &TypeName::code);
    if (found != kTypes.end() && (code[0] == '<' || code[0] == '|')) return found->type;
    throwUnsupported(
        "{} has elements of type '{}'; expected little-endian floats, integers or booleans ('<f4', '<i8', "
        "'|u1', ...)",
        what_, code);
  }

  bool readBool() {
    if (accept("True")) return true;
    expect("False");
    return false;
  }

  Shape readShape() {
    Shape shape;
    expect("(");
    while (!accept(")")) {
      shape.push_back(readSize());
      if (!accept(",")) {
        expect(")");
        break;
      }
    }
    return shape;
  }

  int64_t readSize() {
    skipSpaces();
    int64_t size = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
    if (error != std::errc() || size < 0) fail("a wrong shape");
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return size;
  }

  std::string_view readString() {
    expect("'");
    const size_t end = rest_.find('\'');
    if (end == std::string_view::npos) fail("an open string");
    const std::string_view text = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return text;
  }

  void skipSpaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \n"), rest_.size())); }

  bool startsWith(std::string_view token) {
    skipSpaces();
    return rest_.starts_with(token);
  }

  bool accept(std::string_view token) {
    if (!startsWith(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  void expect(std::string_view token) {
    if (!accept(token)) fail("something unexpected");
  }

  [[noreturn]] void fail(std::string_view found) {
    throwBadInput("{} is not a NumPy array: its header has {} before '{}'", what_, found, rest_.substr(0, 20));
  }

  std::string_view rest_;
  const std::string& what_;
};

/// Bytes of the elements; a header may claim any shape.
size_t dataBytes(const NpyHeader& header, const std::string& what) {
  uint64_t bytes = static_cast<uint64_t>(elementSize(header.type));
  for (const int64_t size : header.shape) {
    if (size != 0 && bytes > std::numeric_limits<int64_t>::max() / static_cast<uint64_t>(size)) {
      throwBadInput("{} has an impossible shape {}", what, toString(header.shape));
    }
    bytes *= static_cast<uint64_t>(size);
  }
  return bytes;
}

bool isAligned(const std::byte* address, int size) {
  return reinterpret_cast<uintptr_t>(address) % static_cast<uintptr_t>(size) == 0;
}

void requireBooleans(std::span<const std::byte> elements, const std::string& what) {
  if (std::ranges::all_of(elements, [](std::byte value) { return value <= std::byte{1}; })) return;
  throwBadInput("{} is boolean, but has bytes other than 0 and 1", what);
}

/// Elements to step over to go one further along each axis when the first axis varies fastest.
std::vector<int64_t> fortranStrides(const Shape& shape) {
  auto strides = rowMajorStrides({shape.rbegin(), shape.rend()});
  std::ranges::reverse(strides);
  return strides;
}

/// Moves elements from the order in which the first axis varies fastest to row-major order.
Tensor fromFortranOrder(const NpyHeader& header, const std::byte* src) {
  Tensor result(header.type, header.shape);
  const auto size = static_cast<size_t>(elementSize(header.type));
  const auto strides = fortranStrides(header.shape);
  Shape index(header.shape.size());
  auto* dst = static_cast<std::byte*>(result.bytes());
  int64_t offset = 0;
  for (int64_t i = 0; i < result.elementCount(); ++i, dst += size) {
    std::memcpy(dst, src + static_cast<size_t>(offset) * size, size);
    for (size_t axis = index.size(); axis-- > 0;) {
      offset += strides[axis];
      if (++index[axis] < header.shape[axis]) break;
      offset -= strides[axis] * header.shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

}  // namespace

NpyHeader parseNpyHeader(std::span<const std::byte> start, const std::string& what) {
  const std::string_view text(reinterpret_cast<const char*>(start.data()), start.size());
  constexpr size_t kVersionBytes = 2;
  if (!text.starts_with(kMagic) || text.size() < kMagic.size() + kVersionBytes) {
    throwBadInput("{} is not a NumPy array: it does not start with '\\x93NUMPY'", what);
  }
  const auto version = static_cast<unsigned char>(text[kMagic.size()]);
  if (version < 1 || version > 3) throwUnsupported("{} has .npy version {}; 1 to 3 are known", what, version);
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t header_start = kMagic.size() + kVersionBytes + length_bytes;
  uint32_t length = 0;
  if (text.size() >= header_start) std::memcpy(&length, text.data() + header_start - length_bytes, length_bytes);
  if (length == 0 || text.size() - header_start < length) throwBadInput("{} ends within its header", what);
  NpyHeader header = HeaderReader(text.substr(header_start, length), what).read();
  header.data_offset = header_start + length;
  return header;
}

Tensor readNpy(SharedBytes file, const std::string& what) {
  const NpyHeader header = parseNpyHeader(file.bytes, what);
  const size_t bytes = dataBytes(header, what);
  const auto elements = file.bytes.subspan(header.data_offset);
  if (elements.size() < bytes) {
    throwBadInput("{} is truncated: {} of shape {} needs {} bytes, found {}", what, toString(header.type),
                  toString(header.shape), bytes, elements.size());
  }
  if (header.type == DataType::kBool) requireBooleans(elements.first(bytes), what);
  if (header.fortran_order) return fromFortranOrder(header, elements.data());
  if (isAligned(elements.data(), elementSize(header.type))) {
    return Tensor::view(header.type, header.shape, elements.data(), std::move(file.owner));
  }
  Tensor copy(header.type, header.shape);
  std::memcpy(copy.bytes(), elements.data(), bytes);
  return copy;
}

}  // namespace quant
