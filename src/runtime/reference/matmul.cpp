// MatMul and Gemm.
#include <optional>

#include "runtime/reference/elementwise.h"
#include "runtime/reference/gemm.h"
#include "runtime/reference/matmul_shapes.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

constexpr auto kGemmTypes = kFloatTypes + TypeList<int32_t, int64_t, uint32_t, uint64_t>{};

void matMul(const Node&, KernelContext& context) {
  requireOneType("MatMul", context);
  const Tensor& a = context.input(0);
  const Tensor& b = context.input(1);
  const MatMulShapes shapes(a.shape(), b.shape());
  Tensor& dst = context.output(0, a.type(), shapes.result);
  withElementType(a.type(), kGemmTypes, "MatMul", [&](auto example) {
    using T = decltype(example);
    const auto [rows, depth, columns] = std::tuple(shapes.rows, shapes.depth, shapes.columns);
    for (size_t i = 0; i < shapes.a_batch.size(); ++i) {
      T* const to = dst.data<T>().data() + static_cast<int64_t>(i) * rows * columns;
      multiply<T>({a.data<T>().data() + shapes.a_batch[i] * rows * depth, rows, depth, depth, 1},
                  {b.data<T>().data() + shapes.b_batch[i] * depth * columns, depth, columns, columns, 1},
                  [to, n = columns](int64_t row, int64_t column, DotType<T> sum) {
                    to[row * n + column] = elementCast<T>(sum);
                  });
    }
  });
}

template <class T>
MatrixView<T> matrixOf(const Tensor& tensor, bool transposed) {
  if (tensor.rank() != 2) throwBadInput("Gemm of a tensor of shape {}: it must be a matrix", toString(tensor.shape()));
  const int64_t rows = tensor.shape()[0], columns = tensor.shape()[1];
  const MatrixView<T> view{tensor.data<T>().data(), rows, columns, columns, 1};
  return transposed ? view.transposed() : view;
}

/// alpha * a x b + beta * c; `c` as what it is broadcast to.
template <class T>
struct Gemm {
  double alpha, beta;
  const T* c;  ///< null when absent
  int64_t c_row_stride, c_column_stride;

  [[nodiscard]] T operator()(int64_t row, int64_t column, DotType<T> sum) const {
    const auto product = [&] {
      if constexpr (kIsFloat<T>) {
        return sum;
      } else {
        return static_cast<T>(sum);
      }
    }();
    if (!c && alpha == 1) return elementCast<T>(product);
    const T addend = c ? c[row * c_row_stride + column * c_column_stride] : T{};
    if constexpr (!kIsFloat<T>) {
      if (alpha == 1 && beta == 1) return wrapping(product, addend, std::plus<>());
    }
    return fromReal<T>(alpha * static_cast<double>(product) + beta * elementCast<double>(addend));
  }
};

template <class T>
Gemm<T> gemmOf(const Node& node, const Tensor* c, const Shape& result) {
  Gemm<T> gemm{node.attr("alpha", 1.0F), node.attr("beta", 1.0F), nullptr, 0, 0};
  if (!c) return gemm;
  if (broadcastShapes(result, c->shape()) != result) {
    throwBadInput("Gemm's input C of shape {} does not broadcast to {}", toString(c->shape()), toString(result));
  }
  gemm.c = c->data<T>().data();
  const Shape& shape = c->shape();
  const int64_t columns = shape.empty() ? 1 : shape.back(), rows = shape.size() < 2 ? 1 : shape.front();
  gemm.c_row_stride = rows == 1 ? 0 : columns;
  gemm.c_column_stride = columns == 1 ? 0 : 1;
  return gemm;
}

void gemm(const Node& node, KernelContext& context) {
  requireOneType("Gemm", context);
  const Tensor& a = context.input(0);
  const Tensor& b = context.input(1);
  withElementType(a.type(), kGemmTypes, "Gemm", [&](auto example) {
    using T = decltype(example);
    const auto left = matrixOf<T>(a, node.attr("transA", int64_t{0}) != 0);
    const auto right = matrixOf<T>(b, node.attr("transB", int64_t{0}) != 0);
    if (left.columns != right.rows) {
      throwBadInput("Gemm of shapes {} and {}: {} columns meet {} rows", toString(a.shape()), toString(b.shape()),
                    left.columns, right.rows);
    }
    Tensor& dst = context.output(0, a.type(), {left.rows, right.columns});
    const auto finish = gemmOf<T>(node, context.optionalInput(2), dst.shape());
    T* const to = dst.data<T>().data();
    multiply(left, right, [&](int64_t row, int64_t column, DotType<T> sum) {
      to[row * right.columns + column] = finish(row, column, sum);
    });
  });
}

}  // namespace

void registerMatMul(KernelRegistry& registry) {
  registry.addFunction("MatMul", 1, matMul);
  registry.addFunction("Gemm", 1, gemm);
}

}  // namespace quant::reference
