#include "quantizer/place_weight_only.h"

#include <algorithm>
#include <optional>

#include "core/finite.h"
#include "quantizer/selection.h"

namespace quant {

namespace {

using Form = WeightUse::Form;
using Reason = std::optional<std::string>;

/// Weights of this many elements and more are worth a node and a scale of their own.
constexpr int64_t kFewestWeights = 1024;

constexpr size_t kMatrixRank = 2;

/// A constant input that could be stored in few bits.
struct Candidate {
  const Node* node;
  int input;
  int64_t channel_axis;  ///< 8 bits: a scale for each index
  int64_t sum_axis;      ///< 4 bits: blocks along it; -1 where 4 bits are not for this operator
  std::string multiplied_with = {};
};

void addMatMul(const Graph& graph, const Node& node, std::vector<Candidate>& found) {
  for (const int input : {1, 0}) {
    if (!graph.isConstant(node.input(input))) continue;
    const auto rank = std::ssize(*graph.valueType(node.input(input))->shape);
    if (rank < 2) continue;
    const int64_t last = rank - 1, before = rank - 2;
    found.push_back({&node, input, input == 1 ? last : before, input == 1 ? before : last,
                     input == 1 && rank == 2 ? node.input(0) : ""});
    return;
  }
}

void addGemm(const Node& node, std::vector<Candidate>& found) {
  const bool is_transposed = node.attr("transB", int64_t{0}) != 0;
  const bool reads_rows = node.attr("transA", int64_t{0}) == 0;
  found.push_back({&node, 1, is_transposed ? 0 : 1, is_transposed ? 1 : 0, reads_rows ? node.input(0) : ""});
}

/// What onnxruntime's optimizers make of products: the weights stand where they stood. Attention's are those of the
/// products before it.
void addMicrosofts(const Graph& graph, const Node& node, std::vector<Candidate>& found) {
  if (node.opType() == "FusedGemm") addGemm(node, found);
  if (node.opType() == "FusedConv") found.push_back({&node, 1, 0, -1});
  const bool is_plain_product = node.opType() == "FusedMatMul" && node.attr("transB", int64_t{0}) == 0 &&
                                node.attr("transBatchB", int64_t{0}) == 0;
  if (is_plain_product || node.opType() == "Attention") {
    const auto type = graph.valueType(node.input(1));
    if (type && type->shape && type->shape->size() == kMatrixRank) found.push_back({&node, 1, 1, 0});
  }
}

/// The weights of `node`, whether or not they can be stored in few bits.
std::vector<Candidate> candidatesOf(const Graph& graph, const Node& node) {
  std::vector<Candidate> found;
  if (node.is("MatMul")) addMatMul(graph, node, found);
  if (node.is("Gemm")) addGemm(node, found);
  if (node.is("Conv")) found.push_back({&node, 1, 0, -1});
  if (node.is("ConvTranspose")) found.push_back({&node, 1, 1, -1});
  if (node.is("LSTM") || node.is("GRU") || node.is("RNN")) {
    for (const int input : {1, 2}) found.push_back({&node, input, 1, -1});
  }
  if (node.is("Gather") && node.attr("axis", int64_t{0}) == 0) found.push_back({&node, 0, 0, 1});
  if (node.domain() == "com.microsoft") addMicrosofts(graph, node, found);
  std::erase_if(found, [&](const Candidate& candidate) { return !graph.isConstant(node.input(candidate.input)); });
  return found;
}

class Placer {
 public:
  Placer(const Graph& graph, const WeightOnlyOptions& options)
      : graph_(graph), options_(options), selection_(graph, options.selection) {}

  QuantizationPlan run() && {
    const auto nodes = graph_.nodes();
    for (const Node* node : nodes) {
      plan_.nodes.push_back({keyOf(*node), node->label(), node->opType(), Treatment::kFloat, "has no weights"});
      for (Candidate& candidate : candidatesOf(graph_, *node)) {
        const std::string& constant = node->input(candidate.input);
        if (!candidates_.contains(constant)) order_.push_back(constant);
        candidates_[constant].push_back(std::move(candidate));
      }
    }
    for (size_t i = 0; i < plan_.nodes.size(); ++i) rows_[nodes[i]] = &plan_.nodes[i];
    for (const auto& constant : order_) placeConstant(constant, candidates_.at(constant));
    return std::move(plan_);
  }

 private:
  void placeConstant(const std::string& constant, const std::vector<Candidate>& candidates) {
    if (const auto reason = obstacle(constant, candidates)) {
      for (const Candidate& candidate : candidates) say(candidate, Treatment::kFloat, *reason);
      return;
    }
    std::vector<StoredWeights> stored;
    for (const Candidate& candidate : candidates) {
      const WeightStorage storage = storageFor(candidate);
      auto entry = std::ranges::find(stored, storage, &StoredWeights::storage);
      if (entry == stored.end()) {
        stored.push_back({constant, storage, {}, candidate.multiplied_with, graph_.valueType(constant)->type});
        entry = stored.end() - 1;
      }
      if (entry->multiplied_with != candidate.multiplied_with) entry->multiplied_with.clear();
      entry->uses.push_back({keyOf(*candidate.node), candidate.input, formFor(candidate)});
      say(candidate, Treatment::kWeights, storage.describe() + noteOn(candidate));
    }
    if (stored.size() > 1) {
      plan_.warnings.push_back(fmt::format("'{}' is stored {} times, because its readers sum up along different axes",
                                           constant, stored.size()));
    }
    std::ranges::move(stored, std::back_inserter(plan_.stored));
  }

  /// Why all who read `constant` go on reading it in float.
  Reason obstacle(const std::string& constant, const std::vector<Candidate>& candidates) const {
    for (const Candidate& candidate : candidates) {
      if (const auto reason = selection_.excludes(*candidate.node)) {
        return candidates.size() == 1
                   ? *reason
                   : fmt::format("shares '{}' with '{}', which is {}", constant, candidate.node->label(), *reason);
      }
    }
    const auto& kept = options_.selection.kept_constants;
    if (const auto found = kept.find(constant); found != kept.end()) return found->second;
    const auto type = *graph_.valueType(constant);
    if (type.type != DataType::kFloat32 && type.type != DataType::kFloat16) {
      return fmt::format("its weights '{}' are {}", constant, toString(type.type));
    }
    if (const auto reason = otherReader(constant, candidates)) return reason;
    const int64_t count = elementCount(*type.shape);
    if (count < kFewestWeights) return fmt::format("it has only {} weights", count);
    for (const Candidate& candidate : candidates) {
      if (candidate.node->is("Gather") && type.shape->size() != 2) return "it looks up in a tensor that is no matrix";
      if (static_cast<size_t>(candidate.channel_axis) >= type.shape->size()) return "its weights have too few axes";
      if (!gains(*type.shape, type.type, storageFor(candidate))) return "its scales would take what is saved";
    }
    if (!allFinite(*graph_.constant(constant))) return fmt::format("its weights '{}' hold NaN or infinity", constant);
    return {};
  }

  Reason otherReader(const std::string& constant, const std::vector<Candidate>& candidates) const {
    if (graph_.isOutput(constant)) return fmt::format("its weights '{}' are an output of the graph", constant);
    for (const Node* reader : graph_.consumers(constant)) {
      const auto places = std::ranges::count(reader->proto().input(), constant);
      const auto known =
          std::ranges::count_if(candidates, [&](const Candidate& candidate) { return candidate.node == reader; });
      if (places != known) {
        return fmt::format("its weights '{}' are read in float by '{}' ({}) too", constant, reader->label(),
                           reader->opType());
      }
    }
    return {};
  }

  static bool gains(const Shape& shape, DataType type, const WeightStorage& storage) {
    const auto before = static_cast<double>(elementCount(shape)) * elementSize(type);
    const auto scales = static_cast<double>(elementCount(scalesShape(shape, storage))) * elementSize(type);
    const int bits = storage.type == DataType::kInt8 ? 8 : 4;
    return static_cast<double>(elementCount(shape)) * bits / 8 + scales < 0.75 * before;
  }

  [[nodiscard]] bool isMicrosoft() const { return options_.format == OperatorFormat::kMicrosoft; }

  [[nodiscard]] bool hasBlocks(const Candidate& candidate) const {
    return options_.bits == 4 && candidate.sum_axis >= 0;
  }

  WeightStorage storageFor(const Candidate& candidate) const {
    if (!hasBlocks(candidate)) return {DataType::kInt8, candidate.channel_axis, 0, false, false};
    const bool is_byte = formFor(candidate) != Form::kDequantized;  // whose scales nobody wants to be positive
    const DataType type = is_byte || !options_.symmetric ? DataType::kUInt4 : DataType::kInt4;
    return {type, candidate.sum_axis, options_.block, !options_.symmetric, is_byte && options_.symmetric};
  }

  Form formFor(const Candidate& candidate) const {
    const bool is_table = candidate.node->is("Gather");
    if (!hasBlocks(candidate)) return is_table ? Form::kLookedUp : Form::kDequantized;
    const Shape shape = *graph_.valueType(candidate.node->input(candidate.input))->shape;
    if (is_table && canLookUpBlocks(*candidate.node, shape)) {
      return isMicrosoft() ? Form::kGatherBlockQuantized : Form::kBlocksLookedUp;
    }
    const bool is_product = candidate.node->is("MatMul") && candidate.input == 1 && shape.size() == 2;
    return isMicrosoft() && is_product ? Form::kMatMulNBits : Form::kDequantized;
  }

  /// Rows of whole blocks, looked up by indices of a known rank.
  [[nodiscard]] bool canLookUpBlocks(const Node& node, const Shape& table) const {
    const auto indices = graph_.valueType(node.input(1));
    return table.size() == 2 && table[1] % options_.block == 0 && indices && indices->shape;
  }

  std::string noteOn(const Candidate& candidate) const {
    if (options_.bits == 8 || candidate.sum_axis >= 0) return "";
    return fmt::format("; 4 bits are for MatMul, Gemm and Gather");
  }

  void say(const Candidate& candidate, Treatment treatment, const std::string& reason) {
    NodePlacement& row = *rows_.at(candidate.node);
    const bool is_first = row.reason == "has no weights";
    row.reason = is_first || row.reason == reason ? reason : row.reason + "; " + reason;
    if (treatment == Treatment::kWeights) row.treatment = treatment;
  }

  const Graph& graph_;
  const WeightOnlyOptions& options_;
  Selection selection_;
  QuantizationPlan plan_;
  std::map<std::string, std::vector<Candidate>> candidates_;  // by constant
  std::vector<std::string> order_;
  std::map<const Node*, NodePlacement*> rows_;
};

}  // namespace

QuantizationPlan planWeightStorage(const Graph& graph, const WeightOnlyOptions& options) {
  return Placer(graph, options).run();
}

std::set<std::string> momentsList(const QuantizationPlan& plan) {
  std::set<std::string> values;
  for (const StoredWeights& stored : plan.stored) {
    if (!stored.multiplied_with.empty()) values.insert(stored.multiplied_with);
  }
  return values;
}

}  // namespace quant
