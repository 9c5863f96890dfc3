#include "runtime/lowering/lowering.h"

namespace quant {

void lower(Graph& graph, Backend backend, const std::set<std::string>& watched) {
  fuseQuantizedGroups(graph, watched);
  if (backend != Backend::kReference) fuseActivations(graph, watched);
}

}  // namespace quant
