#include "quantizer/store_other_weights.h"

#include <algorithm>

#include "core/error.h"
#include "quantizer/place_weight_only.h"

namespace quant {

namespace {

constexpr std::string_view kRecurrent[] = {"LSTM", "GRU", "RNN"};

/// From this opset on DequantizeLinear takes scales of float16, and so gives weights in it.
constexpr int64_t kOpsetOfHalfScales = 19;

bool needsLaterOpset(const Graph& graph, const StoredWeights& stored) {
  const auto type = graph.valueType(stored.constant);
  return type && type->type == DataType::kFloat16 && graph.opset() < kOpsetOfHalfScales;
}

bool isRecurrent(const std::string& op_type) { return std::ranges::find(kRecurrent, op_type) != std::end(kRecurrent); }

NodePlacement* rowOf(QuantizationPlan& plan, const std::string& output) {
  const auto found = std::ranges::find(plan.nodes, output, &NodePlacement::output);
  return found == plan.nodes.end() ? nullptr : &*found;
}

/// A node that goes on computing in float, of a kind whose weights are worth it: those of MatMul and Conv have a form
/// on integers, and who left it out wants them in float.
bool wants(const NodePlacement* row) {
  if (row == nullptr) return false;
  if (row->treatment != Treatment::kFloat && row->treatment != Treatment::kWeights) return false;
  return row->op_type == "Gather" || row->op_type == "Attention" || isRecurrent(row->op_type);
}

std::string reasonFor(const NodePlacement& row, const StoredWeights& stored) {
  std::string storage = stored.storage.describe();
  if (!isRecurrent(row.op_type)) return storage;
  return fmt::format("{}; it computes in float, as ONNX has no {} on integers", storage, row.op_type);
}

}  // namespace

void storeOtherWeights(const Graph& graph, const NodeSelection& selection, QuantizationPlan& plan) {
  WeightOnlyOptions options;
  options.selection = selection;
  QuantizationPlan storage = planWeightStorage(graph, options);
  for (StoredWeights& stored : storage.stored) {
    const bool all_want =
        std::ranges::all_of(stored.uses, [&](const WeightUse& use) { return wants(rowOf(plan, use.output)); });
    if (!all_want) continue;
    const bool is_too_early = needsLaterOpset(graph, stored);
    for (const WeightUse& use : stored.uses) {
      NodePlacement& row = *rowOf(plan, use.output);
      if (is_too_early) {
        row.reason = fmt::format("its weights are float16, whose scales need opset {}; the model has opset {}",
                                 kOpsetOfHalfScales, graph.opset());
        continue;
      }
      row.treatment = Treatment::kWeights;
      row.reason = reasonFor(row, stored);
    }
    if (!is_too_early) plan.stored.push_back(std::move(stored));
  }
}

}  // namespace quant
