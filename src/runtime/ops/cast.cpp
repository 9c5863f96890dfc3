#include <algorithm>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/convert_element.h"
#include "runtime/ops/register.h"

namespace quant {

namespace {

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
        std::transform(src_data + begin, src_data + end, dst_data + begin, convertElement<To, From>);
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
