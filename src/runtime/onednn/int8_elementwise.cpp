// QLinearAdd, QLinearMul and QLinearConcat of com.microsoft, in the layout of their sources.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "runtime/broadcast.h"
#include "runtime/onednn/fallback_kernel.h"
#include "runtime/onednn/int8_tensor.h"
#include "runtime/onednn/memory_order.h"
#include "runtime/onednn/register.h"
#include "runtime/reference/requantize.h"

namespace quant::onednn {

namespace {

/// The loops of one operator, which must be commutative.
struct BinaryLoops {
  void (*run)(const uint8_t* a, const uint8_t* b, uint8_t* dst, int64_t count, const BinaryScales& scales);
  void (*run_one)(const uint8_t* a, uint8_t b, uint8_t* dst, int64_t count, const BinaryScales& scales);
};
constexpr BinaryLoops kAdd{addRun, addOneRun}, kMultiply{multiplyRun, multiplyOneRun};

/// Inputs a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point.
class QLinearBinary final : public FallbackKernel {
 public:
  QLinearBinary(const Node& node, int64_t opset, KernelRegistry::Factory other, BinaryLoops loops)
      : FallbackKernel(node, opset, std::move(other)), loops_(loops) {}

 private:
  static constexpr size_t kA = 0, kAScale = 1, kB = 3, kBScale = 4, kDstScale = 6;

  bool tryRun(KernelContext& context) override {
    const DataType type = context.inputAsIs(kA).type();
    if (!isInt8(context.inputAsIs(kA)) || context.inputAsIs(kB).type() != type) return false;
    const Shape shape = broadcastShapes(context.inputAsIs(kA).shape(), context.inputAsIs(kB).shape());
    const bool channels_last = isChannelsLast(context, kA, shape) || isChannelsLast(context, kB, shape);
    const BinaryScales scales{byteScale(context, kAScale, type), byteScale(context, kBScale, type),
                              byteScale(context, kDstScale, type)};
    Tensor& dst = context.output(0, type, shape, channels_last ? Layout::kChannelsLast : Layout::kPlain);
    Tensor to = inMemoryOrder(dst);
    if (channels_last) {
      compute(operand(context, kA, shape.size()), operand(context, kB, shape.size()), to, scales);
    } else {
      compute(context.input(kA), context.input(kB), to, scales);
    }
    return true;
  }

  static bool isChannelsLast(const KernelContext& context, size_t index, const Shape& result) {
    const Tensor& tensor = context.inputAsIs(index);
    return tensor.layout() == Layout::kChannelsLast && tensor.shape().size() == result.size();
  }

  void compute(const Tensor& a, const Tensor& b, Tensor& dst, const BinaryScales& scales) const {
    const BinaryScales swapped{scales.b, scales.a, scales.dst};
    const BroadcastWalk<2> walk(dst.shape(), {a.shape(), b.shape()});
    const bool a_moves = walk.innerStep(0) != 0, b_moves = walk.innerStep(1) != 0;
    parallelRange(walk.elementCount(), [&](int64_t begin, int64_t end) {
      walk.forEachRun(begin, end, [&](int64_t at, const std::array<int64_t, 2>& from, int64_t count) {
        const uint8_t* const x = bytesOf(a) + from[0];
        const uint8_t* const y = bytesOf(b) + from[1];
        uint8_t* const z = bytesOf(dst) + at;
        if (a_moves && b_moves)
          loops_.run(x, y, z, count, scales);
        else if (a_moves || !b_moves)
          runOnes(x, *y, a_moves, z, count, scales);
        else
          loops_.run_one(y, *x, z, count, swapped);
      });
    });
  }

  /// One b; without steps in a, the whole run is one element.
  void runOnes(const uint8_t* a, uint8_t b, bool a_moves, uint8_t* dst, int64_t count,
               const BinaryScales& scales) const {
    loops_.run_one(a, b, dst, a_moves ? count : 1, scales);
    if (!a_moves) std::fill_n(dst, count, *dst);
  }

  BinaryLoops loops_;
};

/// A source of QLinearConcat: rows of bytes and what each byte becomes.
struct Part {
  const uint8_t* from;
  size_t bytes;
  bool is_same;  // as the result's scale has it
  std::array<uint8_t, 256> table;
};

bool operator==(const ByteScale& a, const ByteScale& b) {
  return a.scale == b.scale && a.zero_point == b.zero_point && a.flip == b.flip;
}

std::array<uint8_t, 256> requantizeTable(const ByteScale& from, const ByteScale& to) {
  std::array<uint8_t, 256> bytes{}, table{};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
  // Adding the integer that means zero changes nothing but the scale.
  const auto zero = static_cast<uint8_t>(from.zero_point);
  addOneRun(bytes.data(), zero, table.data(), 256, {from, from, to});
  return table;
}

void copyRows(const std::vector<Part>& parts, uint8_t* dst, int64_t rows) {
  size_t row_bytes = 0;
  for (const Part& part : parts) row_bytes += part.bytes;
  const int64_t all_bytes = rows * static_cast<int64_t>(row_bytes);
#pragma omp parallel for schedule(static) if (all_bytes > kParallelGrain)
  for (int64_t row = 0; row < rows; ++row) {
    uint8_t* to = dst + static_cast<size_t>(row) * row_bytes;
    for (const Part& part : parts) {
      const uint8_t* const from = part.from + static_cast<size_t>(row) * part.bytes;
      if (part.is_same)
        std::memcpy(to, from, part.bytes);
      else
        std::transform(from, from + part.bytes, to, [&part](uint8_t q) { return part.table[q]; });
      to += part.bytes;
    }
  }
}

/// Inputs y_scale, y_zero_point, then (x, scale, zero_point) for each tensor.
class QLinearConcat final : public FallbackKernel {
 public:
  using FallbackKernel::FallbackKernel;

 private:
  static constexpr size_t kFirst = 2, kStep = 3;

  bool tryRun(KernelContext& context) override {
    if (context.inputCount() < kFirst + kStep || !isInt8(context.inputAsIs(kFirst))) return false;
    const DataType type = context.inputAsIs(kFirst).type();
    const int64_t rank = context.inputAsIs(kFirst).rank();
    const int64_t axis = normalizeAxis(node().attr("axis", int64_t{0}), rank);
    const auto shape = joinedShape(context, static_cast<size_t>(axis));
    if (!shape) return false;
    const Layout layout = hasChannelsLast(context, static_cast<size_t>(rank)) ? Layout::kChannelsLast : Layout::kPlain;
    Tensor& dst = context.output(0, type, *shape, layout);

    const Shape sizes = memoryShape(*shape, layout);
    const auto first_joined = sizes.begin() + memoryAxis(axis, rank, layout);
    const int64_t rows = elementCount(Shape(sizes.begin(), first_joined));
    const ByteScale to = byteScale(context, 0, type);
    std::vector<Part> parts;
    for (size_t i = kFirst; i < context.inputCount(); i += kStep) {
      const Tensor& src = context.inputAs(i, layout);
      const ByteScale from = byteScale(context, i + 1, type);
      parts.push_back(
          {bytesOf(src), src.byteSize() / static_cast<size_t>(rows), from == to, requantizeTable(from, to)});
    }
    copyRows(parts, bytesOf(dst), rows);
    return true;
  }

  static std::optional<Shape> joinedShape(const KernelContext& context, size_t axis) {
    Shape shape = context.inputAsIs(kFirst).shape();
    for (size_t i = kFirst + kStep; i < context.inputCount(); i += kStep) {
      Shape next = context.inputAsIs(i).shape();
      if (next.size() != shape.size()) return {};
      shape[axis] += next[axis];
      next[axis] = shape[axis];
      if (next != shape || context.inputAsIs(i).type() != context.inputAsIs(kFirst).type()) return {};
    }
    return shape;
  }
};

}  // namespace

void registerInt8Elementwise(KernelRegistry& registry) {
  putBefore<QLinearBinary>(registry, "com.microsoft", "QLinearAdd", kAdd);
  putBefore<QLinearBinary>(registry, "com.microsoft", "QLinearMul", kMultiply);
  putBefore<QLinearConcat>(registry, "com.microsoft", "QLinearConcat");
}

}  // namespace quant::onednn
