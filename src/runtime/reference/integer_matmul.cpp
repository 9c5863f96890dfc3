// MatMulInteger, QLinearMatMul and com.microsoft's QGemm: matrix products of 8-bit integers with exact 32-bit sums.
// Requantization as in QLinearConv: float(sum) * m with the float m = a_scale * b_scale / y_scale.
#include <optional>
#include <vector>

#include "runtime/broadcast.h"
#include "runtime/reference/dot_products.h"
#include "runtime/reference/dynamic_quantization.h"
#include "runtime/reference/input_types.h"
#include "runtime/reference/matmul_shapes.h"
#include "runtime/reference/quant_input.h"
#include "runtime/reference/register.h"
#include "runtime/reference/requantize.h"

namespace quant::reference {

namespace {

constexpr TypeList<uint8_t, int8_t> kQuantizedTypes;

/// Matrix `index` of a tensor of row-major [batch, rows, columns], or of [batch, columns, rows] when `transposed`; its
/// rows become packed rows.
PackedRows packMatrix(const Tensor& tensor, int64_t index, int64_t rows, int64_t columns, bool transposed,
                      std::span<const int32_t> zero_points) {
  PackedRows packed;
  withElementType(tensor.type(), kQuantizedTypes, "integer matrix product", [&](auto example) {
    using T = decltype(example);
    const T* const data = tensor.data<T>().data() + index * rows * columns;
    const MatrixView<T> view =
        transposed ? MatrixView<T>{data, rows, columns, 1, rows} : MatrixView<T>{data, rows, columns, columns, 1};
    packed = packRows(view, zero_points);
  });
  return packed;
}

/// The right side's matrices, columns packed as rows; kept from run to run where they are constants.
class RightSide {
 public:
  const std::vector<PackedRows>& get(KernelContext& context, size_t b, size_t zero_points, int64_t depth,
                                     int64_t columns, bool transposed) {
    const bool constant = context.isConstant(b) && (context.isConstant(zero_points) || !context.has(zero_points));
    if (!packed_.empty() && constant) return packed_;
    packed_.clear();
    const Tensor& tensor = context.input(b);
    const auto zeros = zeroPointsFor(context, zero_points, columns);
    const int64_t count = depth * columns == 0 ? 0 : tensor.elementCount() / (depth * columns);
    for (int64_t i = 0; i < count; ++i) packed_.push_back(packMatrix(tensor, i, columns, depth, !transposed, zeros));
    return packed_;
  }

 private:
  std::vector<PackedRows> packed_;
};

/// Calls store(matrix, row, column, sums) for the product of `left` and `right`.
template <class Store>
void multiply(const Tensor& left, std::span<const int32_t> zeros, const MatMulShapes& shapes,
              const std::vector<PackedRows>& right, Store store) {
  if (elementCount(shapes.result) == 0) return;
  if (shapes.depth == 0) throwBadInput("an integer matrix product over an empty axis");
  for (size_t i = 0; i < shapes.a_batch.size(); ++i) {
    const PackedRows rows = packMatrix(left, shapes.a_batch[i], shapes.rows, shapes.depth, false, zeros);
    multiplyRows(rows, right[static_cast<size_t>(shapes.b_batch[i])],
                 [&](int64_t row, int64_t column, std::span<const int32_t> sums) {
                   store(static_cast<int64_t>(i), row, column, sums);
                 });
  }
}

/// The same for input `a`.
template <class Store>
void multiplyInputs(KernelContext& context, const MatMulShapes& shapes, size_t a, size_t a_zero_points,
                    const std::vector<PackedRows>& right, Store store) {
  multiply(context.input(a), zeroPointsFor(context, a_zero_points, shapes.rows), shapes, right, store);
}

class MatMulInteger final : public Kernel {
 public:
  void run(KernelContext& context) override {
    const MatMulShapes shapes(context.input(0).shape(), context.input(1).shape());
    const auto& right = right_.get(context, 1, 3, shapes.depth, shapes.columns, false);
    int32_t* const to = context.output(0, DataType::kInt32, shapes.result).data<int32_t>().data();
    multiplyInputs(context, shapes, 0, 2, right,
                   [&](int64_t matrix, int64_t row, int64_t column, std::span<const int32_t> sums) {
                     std::copy(sums.begin(), sums.end(), to + (matrix * shapes.rows + row) * shapes.columns + column);
                   });
  }

 private:
  RightSide right_;
};

class QLinearMatMul final : public Kernel {
 public:
  void run(KernelContext& context) override {
    const MatMulShapes shapes(context.input(kA).shape(), context.input(kB).shape());
    const auto a_scales = scalesFor(context, kAScale, shapes.rows);
    const auto b_scales = scalesFor(context, kBScale, shapes.columns);
    const float y_scale = scalarScale(context, kYScale);
    const int32_t y_zero_point = scalarZeroPoint(context, kYZeroPoint);
    const auto& right = right_.get(context, kB, kBZeroPoint, shapes.depth, shapes.columns, false);
    const DataType type = context.input(kYZeroPoint).type();
    Tensor& dst = context.output(0, type, shapes.result);
    withElementType(type, kQuantizedTypes, "QLinearMatMul", [&](auto example) {
      using Q = decltype(example);
      const Quantizer<Q> quantize(static_cast<Q>(y_zero_point));
      Q* const to = dst.data<Q>().data();
      multiplyInputs(context, shapes, kA, kAZeroPoint, right,
                     [&](int64_t matrix, int64_t row, int64_t column, std::span<const int32_t> sums) {
                       Q* const y = to + (matrix * shapes.rows + row) * shapes.columns + column;
                       const float* const b_scale = b_scales.data() + column;
                       const float a_scale = a_scales[static_cast<size_t>(row)];
                       for (size_t i = 0; i < sums.size(); ++i) {
                         y[i] = quantize(static_cast<float>(sums[i]) * (a_scale * b_scale[i] / y_scale));
                       }
                     });
    });
  }

 private:
  enum Input : size_t { kA, kAScale, kAZeroPoint, kB, kBScale, kBZeroPoint, kYScale, kYZeroPoint };

  RightSide right_;
};

/// com.microsoft's MatMulIntegerToFloat, y = sums * (a_scale * b_scale) + bias, and DynamicQuantizeMatMul, which makes
/// the integers of A and their scale itself.
class MatMulToFloat final : public Kernel {
 public:
  struct Inputs {
    size_t b, a_scale, b_scale, a_zero_point, b_zero_point, bias;
    bool quantizes;
  };

  explicit MatMulToFloat(const Inputs& inputs) : inputs_(inputs) {}

  void run(KernelContext& context) override {
    if (!inputs_.quantizes) {
      const int64_t rows = MatMulShapes(context.input(0).shape(), context.input(inputs_.b).shape()).rows;
      return multiplyAndScale(context, context.input(0), scalarScale(context, inputs_.a_scale),
                              zeroPointsFor(context, inputs_.a_zero_point, rows));
    }
    const auto [integers, params] = quantizeDynamically(context.input(0));
    const int64_t rows = MatMulShapes(integers.shape(), context.input(inputs_.b).shape()).rows;
    multiplyAndScale(context, integers, params.scale,
                     std::vector<int32_t>(static_cast<size_t>(rows), params.zero_point));
  }

 private:
  void multiplyAndScale(KernelContext& context, const Tensor& a, float a_scale, const std::vector<int32_t>& zeros) {
    const MatMulShapes shapes(a.shape(), context.input(inputs_.b).shape());
    std::vector<float> scales = scalesFor(context, inputs_.b_scale, shapes.columns);
    for (float& scale : scales) scale *= a_scale;
    const std::vector<float> bias = context.has(inputs_.bias) ? scalesFor(context, inputs_.bias, shapes.columns)
                                                              : std::vector<float>(scales.size(), 0.0F);
    const auto& right = right_.get(context, inputs_.b, inputs_.b_zero_point, shapes.depth, shapes.columns, false);
    float* const to = context.output(0, DataType::kFloat32, shapes.result).data<float>().data();
    multiply(a, zeros, shapes, right, [&](int64_t matrix, int64_t row, int64_t column, std::span<const int32_t> sums) {
      for (size_t i = 0; i < sums.size(); ++i) {
        const size_t c = static_cast<size_t>(column) + i;
        to[(matrix * shapes.rows + row) * shapes.columns + static_cast<int64_t>(c)] =
            static_cast<float>(sums[i]) * scales[c] + bias[c];
      }
    });
  }

  Inputs inputs_;
  RightSide right_;
};

constexpr MatMulToFloat::Inputs kMatMulIntegerToFloat{1, 2, 3, 4, 5, 6, false};
constexpr MatMulToFloat::Inputs kDynamicQuantizeMatMul{1, 0, 2, 0, 3, 4, true};

/// The two sides as QGemm's attributes turn them.
Shape turned(const Shape& shape, bool transposed) {
  if (shape.size() != 2) throwBadInput("QGemm of a tensor of shape {}: it must be a matrix", toString(shape));
  return transposed ? Shape{shape[1], shape[0]} : shape;
}

/// y = alpha * a x b + c, where the int32 c is in units of alpha * a_scale * b_scale. Without y_scale the result stays
/// float.
class QGemm final : public Kernel {
 public:
  explicit QGemm(const Node& node)
      : alpha_(node.attr("alpha", 1.0F)),
        transposed_a_(node.attr("transA", int64_t{0}) != 0),
        transposed_b_(node.attr("transB", int64_t{0}) != 0) {}

  void run(KernelContext& context) override {
    const MatMulShapes shapes(turned(context.input(kA).shape(), transposed_a_),
                              turned(context.input(kB).shape(), transposed_b_));
    std::vector<float> units = scalesFor(context, kBScale, shapes.columns);
    for (float& unit : units) unit *= alpha_ * scalarScale(context, kAScale);
    if (!context.has(kYScale)) {
      float* const to = context.output(0, DataType::kFloat32, shapes.result).data<float>().data();
      return forEachSum(context, shapes, [&](int64_t at, int64_t column, int32_t sum) {
        to[at] = static_cast<float>(sum) * units[static_cast<size_t>(column)];
      });
    }
    for (float& unit : units) unit /= scalarScale(context, kYScale);
    const DataType type = context.has(kYZeroPoint) ? context.input(kYZeroPoint).type() : context.input(kA).type();
    Tensor& dst = context.output(0, type, shapes.result);
    withElementType(type, kQuantizedTypes, "QGemm", [&](auto example) {
      using Q = decltype(example);
      const Quantizer<Q> quantize(static_cast<Q>(scalarZeroPoint(context, kYZeroPoint)));
      Q* const to = dst.data<Q>().data();
      forEachSum(context, shapes, [&](int64_t at, int64_t column, int32_t sum) {
        to[at] = quantize(static_cast<float>(sum) * units[static_cast<size_t>(column)]);
      });
    });
  }

 private:
  enum Input : size_t { kA, kAScale, kAZeroPoint, kB, kBScale, kBZeroPoint, kC, kYScale, kYZeroPoint };

  /// Calls visit(position in the result, column, sum with c) for every element.
  template <class Visit>
  void forEachSum(KernelContext& context, const MatMulShapes& shapes, Visit visit) {
    const std::vector<int32_t> addend = addendOf(context, shapes.result);
    const auto zeros = zeroPointsFor(context, kAZeroPoint, shapes.rows);
    const PackedRows left = packMatrix(context.input(kA), 0, shapes.rows, shapes.depth, transposed_a_, zeros);
    const auto& right = right_.get(context, kB, kBZeroPoint, shapes.depth, shapes.columns, transposed_b_);
    if (right.empty()) throwBadInput("QGemm of an empty matrix");
    multiplyRows(left, right[0], [&](int64_t row, int64_t column, std::span<const int32_t> sums) {
      for (size_t i = 0; i < sums.size(); ++i) {
        const int64_t at = row * shapes.columns + column + static_cast<int64_t>(i);
        const auto c = static_cast<uint32_t>(addend[static_cast<size_t>(at)]);
        visit(at, column + static_cast<int64_t>(i), static_cast<int32_t>(static_cast<uint32_t>(sums[i]) + c));
      }
    });
  }

  /// Input C broadcast to the result; zeros when it is absent.
  static std::vector<int32_t> addendOf(KernelContext& context, const Shape& result) {
    std::vector<int32_t> addend(static_cast<size_t>(elementCount(result)), 0);
    requireType("QGemm", context, kC, DataType::kInt32);
    const Tensor* c = context.optionalInput(kC);
    if (!c) return addend;
    const BroadcastWalk<1> walk(result, {c->shape()});
    const int32_t* const from = c->data<int32_t>().data();
    walk.forEachRun(0, walk.elementCount(), [&](int64_t at, const std::array<int64_t, 1>& start, int64_t length) {
      for (int64_t i = 0; i < length; ++i) {
        addend[static_cast<size_t>(at + i)] = from[start[0] + i * walk.innerStep(0)];
      }
    });
    return addend;
  }

  float alpha_;
  bool transposed_a_, transposed_b_;
  RightSide right_;
};

}  // namespace

void registerIntegerMatMul(KernelRegistry& registry) {
  registry.add("MatMulInteger", 10, [](const Node&, int64_t) { return std::make_unique<MatMulInteger>(); });
  registry.add("QLinearMatMul", 10, [](const Node&, int64_t) { return std::make_unique<QLinearMatMul>(); });
  registry.add("com.microsoft", "MatMulIntegerToFloat", 1,
               [](const Node&, int64_t) { return std::make_unique<MatMulToFloat>(kMatMulIntegerToFloat); });
  registry.add("com.microsoft", "DynamicQuantizeMatMul", 1,
               [](const Node&, int64_t) { return std::make_unique<MatMulToFloat>(kDynamicQuantizeMatMul); });
  registry.add("com.microsoft", "QGemm", 1, [](const Node& node, int64_t) { return std::make_unique<QGemm>(node); });
}

}  // namespace quant::reference
