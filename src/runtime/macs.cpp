#include "runtime/macs.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "runtime/fused_attention.h"

namespace quant {

namespace {

enum class Kind { kConv, kConvTranspose, kMatMul, kAttention, kLstm, kGru, kRnn, kTurnedLstm };

struct Row {
  std::string_view op_type;
  Kind kind;
  int weights_input;
  bool int8;
};

constexpr std::array kOperators = {
    Row{"Conv", Kind::kConv, 1, false},
    Row{"FusedConv", Kind::kConv, 1, false},
    Row{"ConvTranspose", Kind::kConvTranspose, 1, false},
    Row{"FusedConvTranspose", Kind::kConvTranspose, 1, false},
    Row{"Gemm", Kind::kMatMul, 1, false},
    Row{"FusedGemm", Kind::kMatMul, 1, false},
    Row{"MatMul", Kind::kMatMul, 1, false},
    Row{"FusedMatMul", Kind::kMatMul, 1, false},
    Row{"QLinearConv", Kind::kConv, 3, true},
    Row{"FusedQLinearConv", Kind::kConv, 3, true},
    Row{"QConv", Kind::kConv, 3, true},
    Row{"ConvInteger", Kind::kConv, 1, true},
    Row{"QLinearMatMul", Kind::kMatMul, 3, true},
    Row{"QMatMul", Kind::kMatMul, 3, true},
    Row{"QGemm", Kind::kMatMul, 3, true},
    Row{"MatMulInteger", Kind::kMatMul, 1, true},
    Row{"FusedAttention", Kind::kAttention, 1, false},
    Row{"QAttention", Kind::kAttention, 1, true},
    Row{"LSTM", Kind::kLstm, 1, false},
    Row{"DynamicQuantizeLSTM", Kind::kTurnedLstm, 1, true},
    Row{"GRU", Kind::kGru, 1, false},
    Row{"RNN", Kind::kRnn, 1, false},
    Row{"MatMulIntegerToFloat", Kind::kMatMul, 1, true},
    Row{"DynamicQuantizeMatMul", Kind::kMatMul, 1, true},
};

const Row* rowOf(const Node& node) {
  const auto* found = std::ranges::find(kOperators, std::string_view(node.opType()), &Row::op_type);
  return found == kOperators.end() ? nullptr : found;
}

int64_t product(const Shape& shape, size_t first) {
  int64_t result = 1;
  for (size_t i = first; i < shape.size(); ++i) result *= shape[i];
  return result;
}

/// X is [steps, batch, input] or [batch, steps, input], W [directions, gates * hidden, input]; R has hidden for input.
int64_t recurrentCount(int64_t gates, const Shape& x, const Shape& w) {
  if (x.size() != 3 || w.size() != 3) return 0;
  return x[0] * x[1] * w[0] * w[1] * (w[2] + w[1] / gates);
}

/// Two products for each row of the result: with the keys, which lie in some order, and with as many values.
int64_t attentionCount(const Node& node, const Shape& keys, const Shape& dst) {
  if (keys.size() < 2 || dst.empty() || dst.back() == 0) return 0;
  std::vector<int64_t> order = node.attr(std::string("k") + AttentionNames::kOrder, std::vector<int64_t>{});
  const auto size = [&](size_t axis) { return keys[order.empty() ? axis : static_cast<size_t>(order[axis])]; };
  const int64_t depth = size(keys.size() - 2), count = size(keys.size() - 1), columns = dst.back();
  return product(dst, 0) / columns * count * (depth + columns);
}

int64_t countOf(const Node& node, Kind kind, const Shape& src, const Shape& weights, const Shape& dst) {
  switch (kind) {
    case Kind::kConv: return product(dst, 0) * product(weights, 1);
    case Kind::kConvTranspose: return product(src, 0) * product(weights, 1);
    case Kind::kMatMul: {
      if (weights.size() < 2) return product(dst, 0) * product(weights, 0);  // a vector is all depth
      // Depth times columns, in either order.
      const int64_t matrix = product(weights, weights.size() - 2);
      const int64_t columns = dst.empty() ? 1 : dst.back();
      return columns == 0 ? 0 : product(dst, 0) * (matrix / columns);
    }
    case Kind::kAttention: return attentionCount(node, weights, dst);
    case Kind::kLstm: return recurrentCount(4, src, weights);
    case Kind::kTurnedLstm:
      return weights.size() != 3 ? 0 : recurrentCount(4, src, {weights[0], weights[2], weights[1]});
    case Kind::kGru: return recurrentCount(3, src, weights);
    case Kind::kRnn: return recurrentCount(1, src, weights);
  }
  return 0;
}

}  // namespace

Macs macsOf(const Node& node, const Shape& src, const Shape& weights, const Shape& dst) {
  const Row* row = rowOf(node);
  if (row == nullptr) return {};
  const int64_t count = countOf(node, row->kind, src, weights, dst);
  return {count, row->int8 ? count : 0, 0};
}

bool isRecurrent(const Node& node) {
  const Row* row = rowOf(node);
  return row != nullptr && (row->kind == Kind::kLstm || row->kind == Kind::kTurnedLstm || row->kind == Kind::kGru ||
                            row->kind == Kind::kRnn);
}

bool multipliesFloats(const Node& node) {
  const Row* row = rowOf(node);
  return row != nullptr && !row->int8;
}

int weightsInput(const Node& node) {
  const Row* row = rowOf(node);
  return row == nullptr ? -1 : row->weights_input;
}

}  // namespace quant
