#include "dataset/zip_file.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "core/error.h"

namespace quant {

namespace {

// Signatures and layouts: PKWARE's APPNOTE.TXT 6.3, sections 4.3 to 4.5.
constexpr uint32_t kLocalHeader = 0x04034b50;
constexpr uint32_t kCentralHeader = 0x02014b50;
constexpr uint32_t kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50;
constexpr uint32_t kEnd64Locator = 0x07064b50;
constexpr size_t kEndSize = 22;
constexpr size_t kEnd64LocatorSize = 20;
constexpr size_t kMaxComment = 0xffff;
constexpr uint16_t kZip64Extra = 0x0001;
constexpr uint16_t kEncrypted = 1;
constexpr uint16_t kStored = 0;
constexpr uint16_t kDeflated = 8;
constexpr uint32_t kIn64Bits = 0xffffffff;  ///< a 32-bit field that says: look into the zip64 record
constexpr uint64_t kMaxDeflateRatio = 1032;

using Bytes = std::span<const std::byte>;

/// Little-endian fields one after the other; throws when they end.
class FieldReader {
 public:
  FieldReader(Bytes bytes, uint64_t offset, const std::string& name) : name_(name) {
    if (offset > bytes.size()) fail();
    rest_ = bytes.subspan(offset);
  }

  template <class T>
  T read() {
    T value;
    const Bytes field = take(sizeof(T));
    std::memcpy(&value, field.data(), sizeof(T));
    return value;
  }

  Bytes take(size_t count) {
    if (count > rest_.size()) fail();
    const Bytes field = rest_.first(count);
    rest_ = rest_.subspan(count);
    return field;
  }

  void skip(size_t count) { take(count); }
  [[nodiscard]] bool isAtEnd() const { return rest_.empty(); }

 private:
  [[noreturn]] void fail() const { throwBadInput("'{}' is a damaged or truncated zip archive", name_); }

  Bytes rest_;
  const std::string& name_;
};

struct Directory {
  uint64_t entries = 0;
  uint64_t offset = 0;
};

/// The end record stands before a comment of unknown length.
size_t findEnd(Bytes file, const std::string& name) {
  const size_t lowest = file.size() > kEndSize + kMaxComment ? file.size() - kEndSize - kMaxComment : 0;
  for (size_t offset = file.size() < kEndSize ? lowest : file.size() - kEndSize + 1; offset-- > lowest;) {
    if (FieldReader(file, offset, name).read<uint32_t>() == kEnd) return offset;
  }
  throwBadInput("'{}' is a truncated zip archive: its table of contents is missing", name);
}

Directory readDirectory64(Bytes file, size_t end, const std::string& name) {
  FieldReader locator(file, end < kEnd64LocatorSize ? file.size() : end - kEnd64LocatorSize, name);
  if (locator.read<uint32_t>() != kEnd64Locator) throwBadInput("'{}' is a damaged zip64 archive", name);
  locator.skip(4);
  FieldReader fields(file, locator.read<uint64_t>(), name);
  if (fields.read<uint32_t>() != kEnd64) throwBadInput("'{}' is a damaged zip64 archive", name);
  fields.skip(8 + 2 + 2 + 4 + 4 + 8);
  const auto entries = fields.read<uint64_t>();
  fields.skip(8);
  return {entries, fields.read<uint64_t>()};
}

Directory readDirectory(Bytes file, const std::string& name) {
  const size_t end = findEnd(file, name);
  FieldReader fields(file, end, name);
  fields.skip(4 + 2 + 2 + 2);
  const auto entries = fields.read<uint16_t>();
  fields.skip(4);
  const auto offset = fields.read<uint32_t>();
  if (entries == 0xffff || offset == kIn64Bits) return readDirectory64(file, end, name);
  return {entries, offset};
}

/// Sizes and offset that do not fit into 32 bits stand, in this order, in an extra field.
void readZip64Extra(FieldReader extras, ZipFile::Entry& entry, const std::string& name) {
  while (!extras.isAtEnd()) {
    const auto id = extras.read<uint16_t>();
    const Bytes content = extras.take(extras.read<uint16_t>());
    if (id != kZip64Extra) continue;
    FieldReader fields(content, 0, name);
    for (uint64_t* field : {&entry.size, &entry.packed_size, &entry.header_offset}) {
      if (*field == kIn64Bits) *field = fields.read<uint64_t>();
    }
  }
}

ZipFile::Entry readEntry(FieldReader& fields, const std::string& name) {
  if (fields.read<uint32_t>() != kCentralHeader) throwBadInput("'{}' is a damaged zip archive", name);
  ZipFile::Entry entry;
  fields.skip(2 + 2);
  entry.flags = fields.read<uint16_t>();
  entry.method = fields.read<uint16_t>();
  fields.skip(2 + 2);
  entry.crc = fields.read<uint32_t>();
  entry.packed_size = fields.read<uint32_t>();
  entry.size = fields.read<uint32_t>();
  const auto name_length = fields.read<uint16_t>();
  const auto extra_length = fields.read<uint16_t>();
  const auto comment_length = fields.read<uint16_t>();
  fields.skip(2 + 2 + 4);
  entry.header_offset = fields.read<uint32_t>();
  const Bytes entry_name = fields.take(name_length);
  entry.name.assign(reinterpret_cast<const char*>(entry_name.data()), entry_name.size());
  const Bytes extras = fields.take(extra_length);
  readZip64Extra(FieldReader(extras, 0, name), entry, name);
  fields.skip(comment_length);
  return entry;
}

/// Inflates a raw deflate stream until `dst` is full; returns how many bytes came.
size_t inflateInto(Bytes packed, std::span<std::byte> dst) {
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throwInternal("zlib cannot start");
  // zlib counts in 32 bits.
  const auto chunk = [](size_t size) {
    return static_cast<uInt>(std::min<size_t>(size, std::numeric_limits<uInt>::max()));
  };
  size_t produced = 0;
  int status = Z_OK;
  while (status == Z_OK && produced < dst.size()) {
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
    stream.avail_in = chunk(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(dst.data() + produced);
    stream.avail_out = chunk(dst.size() - produced);
    const uInt in_before = stream.avail_in;
    const uInt out_before = stream.avail_out;
    status = inflate(&stream, Z_NO_FLUSH);
    packed = packed.subspan(in_before - stream.avail_in);
    produced += out_before - stream.avail_out;
  }
  inflateEnd(&stream);
  return produced;
}

uint32_t checksum(Bytes bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

ZipFile::ZipFile(SharedBytes file, std::string name) : file_(std::move(file)), name_(std::move(name)) {
  const Directory directory = readDirectory(file_.bytes, name_);
  FieldReader fields(file_.bytes, directory.offset, name_);
  for (uint64_t i = 0; i < directory.entries; ++i) entries_.push_back(readEntry(fields, name_));
}

Bytes ZipFile::packedBytes(const Entry& entry) const {
  if ((entry.flags & kEncrypted) != 0) throwUnsupported("'{}' in '{}' is encrypted", entry.name, name_);
  FieldReader fields(file_.bytes, entry.header_offset, name_);
  if (fields.read<uint32_t>() != kLocalHeader) throwBadInput("'{}' is a damaged zip archive", name_);
  fields.skip(22);
  const auto name_length = fields.read<uint16_t>();
  const auto extra_length = fields.read<uint16_t>();
  fields.skip(size_t{name_length} + extra_length);
  return fields.take(entry.packed_size);
}

SharedBytes ZipFile::unpack(const Entry& entry, size_t count) const {
  const Bytes packed = packedBytes(entry);
  if (entry.method == kStored) {
    if (entry.size != packed.size()) throwBadInput("'{}' is a damaged zip archive", name_);
    return {packed.first(count), file_.owner};
  }
  if (entry.method != kDeflated) {
    throwUnsupported("'{}' in '{}' is compressed by method {}; only stored and deflated entries can be read",
                     entry.name, name_, entry.method);
  }
  if (entry.size / kMaxDeflateRatio > packed.size()) throwBadInput("'{}' is a damaged zip archive", name_);
  auto buffer = std::make_shared<std::vector<std::byte>>(count);
  if (inflateInto(packed, *buffer) != count) {
    throwBadInput("'{}' in '{}' is damaged: it cannot be decompressed", entry.name, name_);
  }
  return {*buffer, buffer};
}

SharedBytes ZipFile::read(const Entry& entry) const {
  SharedBytes content = unpack(entry, entry.size);
  if (checksum(content.bytes) != entry.crc) {
    throwBadInput("'{}' in '{}' is damaged: its checksum is wrong", entry.name, name_);
  }
  return content;
}

SharedBytes ZipFile::readStart(const Entry& entry, size_t count) const {
  return unpack(entry, std::min<uint64_t>(entry.size, count));
}

}  // namespace quant
