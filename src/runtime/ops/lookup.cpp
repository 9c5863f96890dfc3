// Lookup, of lowering's own domain: y = table[the bits of x], for 8-bit x and the 256 elements of `table`.
#include "core/error.h"
#include "runtime/broadcast.h"
#include "runtime/lowering/lowering.h"
#include "runtime/ops/register.h"

namespace quant {

namespace {

void lookup(const Node&, KernelContext& context) {
  const Tensor& src = context.inputAsIs(0);
  const Tensor& table = context.input(1);
  if (elementSize(src.type()) != 1 || elementSize(table.type()) != 1 || table.elementCount() != 256) {
    throwInternal("Lookup of {} in a table of {} {}", toString(src.type()), table.elementCount(),
                  toString(table.type()));
  }
  Tensor& dst = context.output(0, table.type(), src.shape(), src.layout());
  const auto* const from = static_cast<const uint8_t*>(src.bytes());
  const auto* const by = static_cast<const uint8_t*>(table.bytes());
  auto* const to = static_cast<uint8_t*>(dst.bytes());
  parallelRange(src.elementCount(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) to[i] = by[from[i]];
  });
}

}  // namespace

void registerLookupOps(KernelRegistry& registry) { registry.addFunction(kFusedDomain, "Lookup", 1, lookup); }

}  // namespace quant
