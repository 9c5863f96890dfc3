#include "quantizer/apply_qoperator.h"

#include "quantizer/apply_qdq.h"
#include "runtime/lowering/lowering.h"

namespace quant {

void applyQOperator(Graph& graph, const QuantizationPlan& plan) {
  applyQdq(graph, plan);
  fuseStandardGroups(graph);
  graph.removeUnused();
  graph.verify();
}

}  // namespace quant
