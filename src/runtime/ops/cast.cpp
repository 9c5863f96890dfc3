#include <cmath>
#include <limits>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/register.h"

namespace quant {

namespace {

/// To the nearest float below or above such that rounding it once more to 16 bits gives what rounding `value` itself
/// would give ("round to odd").
float roundToOdd(double value) {
  const auto nearest = static_cast<float>(value);
  if (static_cast<double>(nearest) == value || !std::isfinite(nearest)) return nearest;
  if ((std::bit_cast<uint32_t>(nearest) & 1U) != 0) return nearest;
  return std::nextafter(nearest, value > static_cast<double>(nearest) ? HUGE_VALF : -HUGE_VALF);
}

/// Truncates. What ONNX leaves undefined is made harmless: too large values saturate, NaN becomes 0.
template <class To, class From>
To truncate(From value) {
  using Limits = std::numeric_limits<To>;
  const From low = static_cast<From>(Limits::min());
  const From above = std::ldexp(From{1}, Limits::digits);  // the first value that is too large; a power of two is exact
  if (!(value > low - From{1})) return std::isnan(value) ? To{0} : Limits::min();
  return value >= above ? Limits::max() : static_cast<To>(value);
}

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (kIsHalf<From>) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{0};
  } else if constexpr (kIsHalf<To>) {
    if constexpr (std::is_same_v<From, float>) return To(value);
    return To(roundToOdd(static_cast<double>(value)));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return truncate<To>(value);
  } else {
    return static_cast<To>(value);
  }
}

void castTo(DataType type, KernelContext& context) {
  const Tensor& src = context.inputAsIs(0);
  if (src.type() == type) return context.setOutput(0, src.alias());
  Tensor& dst = context.output(0, type, src.shape(), src.layout());
  withElementType(src.type(), kAllTypes, "Cast", [&](auto from) {
    withElementType(type, kAllTypes, "Cast", [&](auto to) {
      using From = decltype(from);
      using To = decltype(to);
      const From* const src_data = src.data<From>().data();
      To* const dst_data = dst.data<To>().data();
      parallelRange(src.elementCount(), [&](int64_t begin, int64_t end) {
        std::transform(src_data + begin, src_data + end, dst_data + begin, convert<To, From>);
      });
    });
  });
}

void cast(const Node& node, KernelContext& context) {
  castTo(static_cast<DataType>(node.attr("to", int64_t{0})), context);
}

void castLike(const Node&, KernelContext& context) { castTo(context.inputAsIs(1).type(), context); }

}  // namespace

void registerCastOps(KernelRegistry& registry) {
  registry.addFunction("Cast", 6, cast);
  registry.addFunction("CastLike", 15, castLike);
}

}  // namespace quant
