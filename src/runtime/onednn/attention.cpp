// FusedAttention and QAttention (runtime/fused_attention.h): a head after the other, its scores by blocks of rows that
// stay in the cache from the first product to the second.
#include <omp.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/quant_params.h"
#include "runtime/fused_attention.h"
#include "runtime/lowering/lowering.h"
#include "runtime/onednn/attention_products.h"
#include "runtime/onednn/attention_rows.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/register.h"

namespace quant::onednn {

namespace {

using A = AttentionNames;

constexpr size_t kBatch = 0, kHeads = 1, kRows = 2, kColumns = 3, kAxes = 4;
constexpr int64_t kWorthThreads = 1 << 16;  // multiply-accumulates

using Sizes = std::array<int64_t, kAxes>;

/// A tensor as [batch, heads, rows, columns], whatever way it lies.
struct View {
  const std::byte* data = nullptr;
  DataType type = DataType::kUndefined;
  size_t rank = 0;
  Sizes sizes{}, strides{};  // in elements

  View() = default;
  View(const Tensor& tensor, const std::vector<int64_t>& order)
      : data(static_cast<const std::byte*>(tensor.bytes())), type(tensor.type()), rank(tensor.shape().size()) {
    if (rank > kAxes || (!order.empty() && rank != kAxes)) {
      throwInternal("an attention of a tensor of shape {}", toString(tensor.shape()));
    }
    Sizes lying{1, 1, 1, 1}, steps{};
    std::ranges::copy(tensor.shape(), lying.begin() + static_cast<std::ptrdiff_t>(kAxes - rank));
    int64_t step = 1;
    for (size_t axis = kAxes; axis-- > 0; step *= lying[axis]) steps[axis] = step;
    for (size_t axis = 0; axis < kAxes; ++axis) {
      const size_t from = order.empty() ? axis : static_cast<size_t>(order[axis]);
      sizes[axis] = lying[from];
      strides[axis] = steps[from];
    }
  }

  /// One index along an axis of one element stands for all.
  void broadcast(size_t axis, int64_t size) {
    if (sizes[axis] == size) return;
    sizes[axis] = size;
    strides[axis] = 0;
  }
  [[nodiscard]] const std::byte* at(int64_t batch, int64_t head, int64_t row = 0) const {
    const int64_t element = batch * strides[kBatch] + head * strides[kHeads] + row * strides[kRows];
    return data + element * elementBits(type) / 8;
  }
  [[nodiscard]] AttentionMatrix matrix(int64_t batch, int64_t head) const {
    return {at(batch, head), sizes[kRows], sizes[kColumns], strides[kRows], strides[kColumns]};
  }
};

/// The size that both have after broadcasting.
int64_t commonSize(int64_t a, int64_t b, const char* what) {
  if (a != b && a != 1 && b != 1) throwBadInput("attention with {} of {} and of {}", what, a, b);
  return a == 1 ? b : a;
}

/// What a run works on: operands of the sizes that broadcasting gives them.
struct Operands {
  View q, k, v, mask;
  bool has_mask;
  size_t rank;

  Operands(const View& queries, const View& keys, const View& values, const std::optional<View>& added)
      : q(queries), k(keys), v(values), mask(added.value_or(View())), has_mask(added.has_value()) {
    rank = std::max({q.rank, k.rank, v.rank, mask.rank});
    for (const auto& [axis, what] : {std::pair(kBatch, "batches"), std::pair(kHeads, "heads")}) {
      int64_t size = commonSize(commonSize(q.sizes[axis], k.sizes[axis], what), v.sizes[axis], what);
      if (has_mask) size = commonSize(size, mask.sizes[axis], what);
      for (View* view : {&q, &k, &v, &mask}) view->broadcast(axis, size);
    }
    if (has_mask) {
      q.broadcast(kRows, commonSize(q.sizes[kRows], mask.sizes[kRows], "rows"));
      k.broadcast(kColumns, commonSize(k.sizes[kColumns], mask.sizes[kColumns], "keys"));
      mask.broadcast(kRows, q.sizes[kRows]);
      mask.broadcast(kColumns, k.sizes[kColumns]);
    }
    if (q.sizes[kColumns] != k.sizes[kRows] || k.sizes[kColumns] != v.sizes[kRows]) {
      throwBadInput("attention with queries of {} numbers, keys of {}, {} keys and {} values", q.sizes[kColumns],
                    k.sizes[kRows], k.sizes[kColumns], v.sizes[kRows]);
    }
  }

  [[nodiscard]] int64_t batches() const { return q.sizes[kBatch]; }
  [[nodiscard]] int64_t heads() const { return q.sizes[kHeads]; }
  [[nodiscard]] int64_t rows() const { return q.sizes[kRows]; }
  [[nodiscard]] int64_t keys() const { return k.sizes[kColumns]; }
  [[nodiscard]] Sizes resultSizes() const { return {batches(), heads(), rows(), v.sizes[kColumns]}; }
  [[nodiscard]] int64_t products() const {
    return batches() * heads() * rows() * keys() * (q.sizes[kColumns] + v.sizes[kColumns]);
  }
  [[nodiscard]] MaskRow maskRow(int64_t batch, int64_t head, int64_t row) const {
    if (!has_mask) return {};
    return {reinterpret_cast<const float*>(mask.at(batch, head, row)), mask.strides[kColumns] == 0};
  }
};

ByteOperand byteOperand(const Node& node, const std::string& name, const Tensor* tensor) {
  const auto zero_point = static_cast<int32_t>(node.attr(name + A::kZeroPoint, int64_t{0}));
  const auto type = static_cast<DataType>(node.attr(name + A::kType, int64_t{0}));
  if (type == DataType::kUndefined) return {zero_point, flipOf(tensor->type()), {}};
  const QuantLimits limits = storageLimits(type);
  return {zero_point, flipOf(type),
          RoundScale{node.attr(name + A::kQuantizedScale, 1.0F), static_cast<float>(limits.low - zero_point),
                     static_cast<float>(limits.high - zero_point)}};
}

class Attention final : public Kernel {
 public:
  explicit Attention(const Node& node)
      : node_(node), is_int8_(node.opType() == "QAttention"), scale_(node.attr(A::kScale, 1.0F)) {
    for (size_t i = 0; i < orders_.size(); ++i) orders_[i] = node.attr(orderName(i), std::vector<int64_t>{});
    result_order_ = node.attr(A::kResultOrder, std::vector<int64_t>{});
  }

  void run(KernelContext& context) override {
    const auto view = [&](size_t index) { return View(context.input(index), orders_[index]); };
    const auto mask = context.has(A::kMask) ? std::optional(View(context.input(A::kMask), {})) : std::nullopt;
    const Operands operands(view(A::kQuery), view(A::kKey), view(A::kValue), mask);
    const Result result = makeResult(context, operands);
    const int threads = operands.products() > kWorthThreads ? omp_get_max_threads() : 1;
    while (static_cast<int>(products_.size()) < threads) products_.push_back(makeProducts(context));
    scores_.resize(products_.size());
    // A head is not divided while there is one for every thread: its keys and values are packed by each.
    const int64_t heads = operands.batches() * operands.heads();
    const int64_t parts = heads == 0 ? 1 : std::max<int64_t>((threads + heads - 1) / heads, 1);
    const int64_t part_rows = wholeBlocks((operands.rows() + parts - 1) / parts);
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads) if (threads > 1)
    for (int64_t head = 0; head < heads; ++head) {
      for (int64_t part = 0; part < parts; ++part) {
        const int64_t first = std::min(part * part_rows, operands.rows());
        const int64_t end = std::min(first + part_rows, operands.rows());
        const auto thread = static_cast<size_t>(omp_get_thread_num());
        if (first < end) {
          attend(operands, result, head / operands.heads(), head % operands.heads(), first, end, *products_[thread],
                 scores_[thread]);
        }
      }
    }
  }

 private:
  struct Result {
    float* data;
    Sizes strides;
  };

  static std::string orderName(size_t operand) { return std::string(A::kOperands[operand]) + A::kOrder; }

  static int64_t wholeBlocks(int64_t rows) { return (rows + kMostScoreRows - 1) / kMostScoreRows * kMostScoreRows; }

  [[nodiscard]] std::unique_ptr<AttentionProducts> makeProducts(KernelContext& context) const {
    if (!is_int8_) return makeFloatAttentionProducts();
    const auto operand = [&](size_t i) {
      return byteOperand(node_, A::kOperands[i], i < orders_.size() ? &context.input(i) : nullptr);
    };
    return makeByteAttentionProducts({operand(0), operand(1), operand(2), operand(3),
                                      node_.attr(A::kScoreMultiplier, 1.0F), node_.attr(A::kResultMultiplier, 1.0F)});
  }

  [[nodiscard]] Result makeResult(KernelContext& context, const Operands& operands) const {
    const Sizes sizes = operands.resultSizes();
    Shape shape(sizes.end() - static_cast<std::ptrdiff_t>(operands.rank), sizes.end());
    Sizes lying = sizes;
    if (!result_order_.empty()) {
      for (size_t axis = 0; axis < kAxes; ++axis) lying[axis] = sizes[static_cast<size_t>(result_order_[axis])];
      shape.assign(lying.begin(), lying.end());
    }
    Tensor& y = context.output(0, DataType::kFloat32, std::move(shape));
    Result result{y.data<float>().data(), {}};
    int64_t step = 1;
    for (size_t axis = kAxes; axis-- > 0; step *= lying[axis]) {
      result.strides[result_order_.empty() ? axis : static_cast<size_t>(result_order_[axis])] = step;
    }
    return result;
  }

  /// Rows `first` to `end` of one head.
  void attend(const Operands& operands, const Result& result, int64_t batch, int64_t head, int64_t first, int64_t end,
              AttentionProducts& products, std::vector<float>& scores) const {
    products.read(operands.k.matrix(batch, head), operands.v.matrix(batch, head));
    const int64_t keys = operands.keys(), stride = (keys + kRowGroup - 1) / kRowGroup * kRowGroup;
    scores.resize(static_cast<size_t>(kMostScoreRows * stride));
    AttentionMatrix queries = operands.q.matrix(batch, head);
    for (int64_t row = first; row < end; row += kMostScoreRows) {
      queries.rows = std::min(kMostScoreRows, end - row);
      queries.data = operands.q.at(batch, head, row);
      products.score(queries, scores.data(), stride);
      std::array<MaskRow, kMostScoreRows> masks;
      for (int64_t r = 0; r < queries.rows; ++r) {
        masks[static_cast<size_t>(r)] = operands.maskRow(batch, head, row + r);
      }
      const ScoreRows rows{scores.data(), queries.rows, keys, stride};
      std::array<float, kMostScoreRows> sums;
      exponentialRows(rows, scale_, operands.has_mask ? masks.data() : nullptr, sums.data());
      float* const to =
          result.data + batch * result.strides[kBatch] + head * result.strides[kHeads] + row * result.strides[kRows];
      products.mix(rows, sums.data(), to, result.strides[kRows]);
    }
  }

  const Node& node_;
  bool is_int8_;
  float scale_;
  std::array<std::vector<int64_t>, 3> orders_;  // of q, k, v
  std::vector<int64_t> result_order_;
  std::vector<std::unique_ptr<AttentionProducts>> products_;  // one for each thread
  std::vector<std::vector<float>> scores_;
};

}  // namespace

void registerAttention(KernelRegistry& registry) {
  for (const char* op_type : {"FusedAttention", "QAttention"}) {
    registry.add(kFusedDomain, op_type, 1, [](const Node& node, int64_t) { return std::make_unique<Attention>(node); });
  }
}

}  // namespace quant::onednn
