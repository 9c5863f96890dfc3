// com.microsoft's MatMulNBits and GatherBlockQuantized. Weights become float first; what they are multiplied with stays
// as it is, whatever accuracy_level would allow.
#include "runtime/reference/small_weights.h"

#include <algorithm>

#include "core/packed.h"
#include "runtime/ops/arguments.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/gemm.h"
#include "runtime/reference/input_types.h"
#include "runtime/reference/matmul_shapes.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

constexpr const char* kMicrosoft = "com.microsoft";
constexpr TypeList<float, Float16, BFloat16> kRealTypes;

int bitsOf(const Node& node) {
  const int64_t bits = node.attr("bits", int64_t{4});
  if (bits != 2 && bits != 4 && bits != 8) throwUnsupported("{} of {} bits", node.opType(), bits);
  return static_cast<int>(bits);
}

void requireElements(std::string_view what, const Tensor& tensor, int64_t expected) {
  if (tensor.elementCount() != expected) {
    throwBadInput("{} of shape {}: {} elements were expected", what, toString(tensor.shape()), expected);
  }
}

/// Zero points as numbers, `count` for each of `lines` lines that start at whole bytes; a number of their own where
/// they have the scales' type, and the middle of the integers where there are none.
std::vector<float> zeroPointsOf(const Tensor* tensor, int64_t lines, int64_t count, int bits) {
  if (tensor == nullptr) {
    return std::vector<float>(static_cast<size_t>(lines * count), static_cast<float>(1 << (bits - 1)));
  }
  if (tensor->type() != DataType::kUInt8) {
    requireElements("zero points", *tensor, lines * count);
    return elementsAs<float>(*tensor);
  }
  const int64_t bytes = (count * bits + 7) / 8;
  requireElements("zero points", *tensor, lines * bytes);
  std::vector<float> zeros;
  for (int64_t line = 0; line < lines; ++line) {
    const uint8_t* const from = tensor->data<uint8_t>().data() + line * bytes;
    for (int64_t i = 0; i < count; ++i) zeros.push_back(static_cast<float>(smallInteger(from, i, bits)));
  }
  return zeros;
}

struct ProductSizes {
  int64_t depth, columns, block, blocks;
};

ProductSizes sizesOf(const Node& node) {
  const int64_t depth = node.attr("K", int64_t{0}), columns = node.attr("N", int64_t{0});
  const int64_t block = node.attr("block_size", int64_t{0});
  if (depth < 1 || columns < 1 || block < 8) {
    throwBadInput("MatMulNBits with K = {}, N = {} and block_size = {}: sizes must be positive, blocks 8 or more",
                  depth, columns, block);
  }
  return {depth, columns, block, (depth + block - 1) / block};
}

/// Which block each channel takes its scale from.
std::vector<int64_t> blocksOfChannels(const Tensor* given, const ProductSizes& sizes) {
  std::vector<int64_t> blocks(static_cast<size_t>(sizes.depth));
  for (size_t k = 0; k < blocks.size(); ++k) blocks[k] = static_cast<int64_t>(k) / sizes.block;
  if (given == nullptr) return blocks;
  const auto groups = toInts(*given);
  if (groups.size() < blocks.size()) requireElements("g_idx", *given, sizes.depth);  // it may be filled up
  for (size_t k = 0; k < blocks.size(); ++k) blocks[k] = normalizeIndex(groups[k], sizes.blocks);
  return blocks;
}

void matMulNBits(const Node& node, KernelContext& context) {
  requireOneType("MatMulNBits", context, {0, 2, 5});
  const Tensor& a = context.input(0);
  const Tensor weights = dequantizeProductWeights(
      node, {&context.input(1), &context.input(2), context.optionalInput(3), context.optionalInput(4)});
  const Tensor* const bias = context.optionalInput(5);
  const MatMulShapes shapes(a.shape(), weights.shape());
  if (bias != nullptr) requireElements("bias", *bias, shapes.columns);
  const int64_t rows = shapes.rows * static_cast<int64_t>(shapes.a_batch.size());
  Tensor& dst = context.output(0, a.type(), shapes.result);
  withElementType(a.type(), kRealTypes, "MatMulNBits", [&](auto example) {
    using T = decltype(example);
    T* const to = dst.data<T>().data();
    const T* const added = bias == nullptr ? nullptr : bias->data<T>().data();
    multiply<T>({a.data<T>().data(), rows, shapes.depth, shapes.depth, 1},
                {weights.data<T>().data(), shapes.depth, shapes.columns, shapes.columns, 1},
                [=, columns = shapes.columns](int64_t row, int64_t column, double sum) {
                  const double addend = added == nullptr ? 0 : elementCast<double>(added[column]);
                  to[row * columns + column] = elementCast<T>(sum + addend);
                });
  });
}

/// A table of rows along its last axis, as bytes or as ONNX's 4-bit integers.
struct Table {
  int bits, each;  // integers in an element of the tensor
  int64_t rows, size, line, block;
  Shape row_shape;

  Table(const Node& node, const Tensor& data)
      : bits(data.type() == DataType::kUInt8 ? bitsOf(node) : 4),
        each(data.type() == DataType::kUInt8 ? 8 / bits : 1),
        block(node.attr("block_size", int64_t{128})) {
    if (data.type() != DataType::kUInt8 && data.type() != DataType::kUInt4 && data.type() != DataType::kInt4) {
      throwUnsupported("GatherBlockQuantized of element type {}", toString(data.type()));
    }
    const int64_t rank = data.rank();
    if (rank < 2 || normalizeAxis(node.attr("gather_axis", int64_t{0}), rank) != 0 ||
        normalizeAxis(node.attr("quantize_axis", int64_t{1}), rank) != rank - 1) {
      throwUnsupported(
          "GatherBlockQuantized along other than the first axis, with blocks along other than the last one");
    }
    rows = data.shape()[0];
    row_shape.assign(data.shape().begin() + 1, data.shape().end());
    row_shape.back() *= each;
    line = row_shape.back();
    size = elementCount(row_shape);
  }
};

/// An integer for each byte of the result, whatever way they are stored.
int integerAt(const Tensor& data, const Table& table, int64_t index) {
  const auto* const bytes = static_cast<const uint8_t*>(data.bytes());
  const int integer = smallInteger(bytes, index, table.bits);
  return data.type() == DataType::kInt4 && integer > 7 ? integer - 16 : integer;
}

std::vector<float> tableZeros(const Tensor* zeros, const Tensor& data, const Table& table, int64_t lines,
                              int64_t blocks) {
  if (data.type() == DataType::kUInt8) return zeroPointsOf(zeros, lines, blocks, table.bits);
  if (zeros == nullptr) return std::vector<float>(static_cast<size_t>(lines * blocks));
  return elementsAs<float>(unpack(*zeros));
}

void gatherBlockQuantized(const Node& node, KernelContext& context) {
  const Tensor &data = context.input(0), &scales = context.input(2);
  const Table table(node, data);
  const int64_t blocks = (table.line + table.block - 1) / table.block;
  const int64_t lines = table.rows * (table.line == 0 ? 0 : table.size / table.line);
  requireElements("scales", scales, lines * blocks);
  const auto factors = elementsAs<float>(scales);
  const auto zeros = tableZeros(context.optionalInput(3), data, table, lines, blocks);
  Shape shape = context.input(1).shape();
  shape.insert(shape.end(), table.row_shape.begin(), table.row_shape.end());
  Tensor& dst = context.output(0, scales.type(), std::move(shape));
  withElementType(scales.type(), kRealTypes, "GatherBlockQuantized", [&](auto example) {
    using T = decltype(example);
    T* to = dst.data<T>().data();
    for (const int64_t index : toInts(context.input(1))) {
      const int64_t from = normalizeIndex(index, table.rows) * table.size;
      for (int64_t i = from; i < from + table.size; ++i) {
        const auto at = static_cast<size_t>(i / table.line * blocks + i % table.line / table.block);
        *to++ = elementCast<T>((static_cast<float>(integerAt(data, table, i)) - zeros[at]) * factors[at]);
      }
    }
  });
}

}  // namespace

Tensor dequantizeProductWeights(const Node& node, const ProductWeights& weights) {
  const int bits = bitsOf(node);
  const ProductSizes sizes = sizesOf(node);
  const int64_t bytes = sizes.blocks * sizes.block * bits / 8;  // of a column
  requireElements("weights", *weights.integers, sizes.columns * bytes);
  requireElements("scales", *weights.scales, sizes.columns * sizes.blocks);
  const auto scales = elementsAs<float>(*weights.scales);
  const auto zeros = zeroPointsOf(weights.zero_points, sizes.columns, sizes.blocks, bits);
  const auto block_of = blocksOfChannels(weights.block_of_channel, sizes);
  Tensor result(weights.scales->type(), {sizes.depth, sizes.columns});
  withElementType(result.type(), kRealTypes, "MatMulNBits", [&](auto example) {
    using T = decltype(example);
    T* const to = result.data<T>().data();
    for (int64_t n = 0; n < sizes.columns; ++n) {
      const uint8_t* const column = weights.integers->data<uint8_t>().data() + n * bytes;
      for (int64_t k = 0; k < sizes.depth; ++k) {
        const auto at = static_cast<size_t>(n * sizes.blocks + block_of[static_cast<size_t>(k)]);
        const auto integer = static_cast<float>(smallInteger(column, k, bits));
        to[k * sizes.columns + n] = elementCast<T>((integer - zeros[at]) * scales[at]);
      }
    }
  });
  return result;
}

void registerSmallWeights(KernelRegistry& registry) {
  registry.addFunction(kMicrosoft, "MatMulNBits", 1, matMulNBits);
  registry.addFunction(kMicrosoft, "GatherBlockQuantized", 1, gatherBlockQuantized);
}

}  // namespace quant::reference
