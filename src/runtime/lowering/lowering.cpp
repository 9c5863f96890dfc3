#include "runtime/lowering/lowering.h"

namespace quant {

void lower(Graph& graph, Backend backend, const std::set<std::string>& watched) {
  replaceActivations(graph, watched);
  simplifyQuantization(graph, watched);
  fuseQuantizedGroups(graph, watched);
  if (backend != Backend::kReference) fuseFloatChains(graph, watched);
}

}  // namespace quant
