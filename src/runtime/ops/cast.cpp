#include <algorithm>
#include <cstring>

#include "core/half_conversion.h"
#include "core/narrow_float.h"
#include "core/packed.h"
#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/convert_element.h"
#include "runtime/ops/register.h"

namespace quant {

namespace {

bool isStoredOnly(DataType type) { return isPacked(type) || isNarrowFloat(type); }

void convert(const Tensor& src, Tensor& dst) {
  withElementType(src.type(), kAllTypes, "Cast", [&](auto from) {
    withElementType(dst.type(), kAllTypes, "Cast", [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      const From* const src_data = src.data<From>().data();
      To* const dst_data = dst.data<To>().data();
      parallelRange(src.elementCount(), [&](int64_t begin, int64_t end) {
        std::transform(src_data + begin, src_data + end, dst_data + begin, convertElement<To, From>);
      });
    });
  });
}

/// Between float and a type of 16 bits, which is what models of mixed precision do all the time.
template <class Half>
bool convertHalf(const Tensor& src, Tensor& dst) {
  constexpr DataType kHalf = kDataTypeOf<Half>, kFloat = DataType::kFloat32;
  const auto inPieces = [&](auto from, auto to, auto convertPiece) {
    parallelRange(src.elementCount(), [&](int64_t begin, int64_t end) {
      const auto first = static_cast<size_t>(begin), count = static_cast<size_t>(end - begin);
      convertPiece(from.subspan(first, count), to.subspan(first, count));
    });
    return true;
  };
  if (src.type() == kFloat && dst.type() == kHalf) {
    return inPieces(src.data<float>(), dst.data<Half>(), [](auto from, auto to) { convertToHalf(from, to); });
  }
  if (src.type() == kHalf && dst.type() == kFloat) {
    return inPieces(src.data<Half>(), dst.data<float>(), [](auto from, auto to) { convertFromHalf(from, to); });
  }
  return false;
}

Tensor converted(const Tensor& src, DataType type) {
  if (src.type() == type) return src.alias();
  Tensor dst(type, src.shape(), src.layout());
  if (!convertHalf<Float16>(src, dst) && !convertHalf<BFloat16>(src, dst)) convert(src, dst);
  return dst;
}

/// The same numbers in a type that arithmetic is done on.
Tensor computable(const Tensor& src) {
  if (isNarrowFloat(src.type())) return decodeNarrowFloats(src);
  return isPacked(src.type()) ? unpack(src) : src.alias();
}

PowerRounding powerRounding(const Node& node) {
  const std::string mode = node.attr("round_mode", "up");
  if (mode == "up") return PowerRounding::kUp;
  if (mode == "down") return PowerRounding::kDown;
  if (mode == "nearest") return PowerRounding::kNearest;
  throwBadInput("round_mode of {} is '{}'; it should be up, down or nearest", node.opType(), mode);
}

Tensor storedAs(const Node& node, const Tensor& src, DataType type) {
  if (isNarrowFloat(type)) {
    const auto overflow = node.attr("saturate", int64_t{1}) != 0 ? Overflow::kSaturate : Overflow::kSpecial;
    return encodeNarrowFloats(converted(src, DataType::kFloat32), type, overflow, powerRounding(node));
  }
  if (!isPacked(type)) return converted(src, type);
  // Through int32, so that what does not fit loses its upper bits as it does between integers.
  const Tensor whole = isFloatingPoint(src.type()) ? converted(src, DataType::kInt32) : src.alias();
  return pack(converted(whole, unpackedType(type)), type);
}

void castTo(const Node& node, DataType type, KernelContext& context) {
  const Tensor& src = context.inputAsIs(0);
  if (src.type() == type) return context.setOutput(0, src.alias());
  if (isStoredOnly(src.type()) || isStoredOnly(type)) {
    return context.setOutput(0, storedAs(node, computable(context.input(0)), type));
  }
  convert(src, context.output(0, type, src.shape(), src.layout()));
}

void cast(const Node& node, KernelContext& context) {
  castTo(node, static_cast<DataType>(node.attr("to", int64_t{0})), context);
}

void castLike(const Node& node, KernelContext& context) { castTo(node, context.inputAsIs(1).type(), context); }

/// The same bytes as another type.
void bitCast(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto type = static_cast<DataType>(node.attr("to", int64_t{0}));
  if (elementBits(type) == 0 || elementBits(type) != elementBits(src.type())) {
    throwBadInput("BitCast from {} to {}: their elements differ in size", toString(src.type()), toString(type));
  }
  Tensor& dst = context.output(0, type, src.shape());
  if (src.byteSize() != 0) std::memcpy(dst.bytes(), src.bytes(), src.byteSize());
}

}  // namespace

void registerCastOps(KernelRegistry& registry) {
  registry.addFunction("Cast", 6, cast);
  registry.addFunction("CastLike", 1, castLike);  // 15; what contributed operators are short for needs it before
  registry.addFunction("BitCast", 26, bitCast);
}

}  // namespace quant
