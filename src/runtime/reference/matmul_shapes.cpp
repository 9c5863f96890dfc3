#include "runtime/reference/matmul_shapes.h"

#include "core/error.h"
#include "runtime/broadcast.h"

namespace quant::reference {

MatMulShapes::MatMulShapes(const Shape& a, const Shape& b) {
  if (a.empty() || b.empty())
    throwBadInput("a matrix product of a scalar (shapes {} and {})", toString(a), toString(b));
  Shape left = a, right = b;
  if (a.size() == 1) left.insert(left.begin(), 1);
  if (b.size() == 1) right.push_back(1);
  rows = left.end()[-2];
  depth = left.end()[-1];
  columns = right.end()[-1];
  if (right.end()[-2] != depth) {
    throwBadInput("a matrix product of shapes {} and {}: {} columns meet {} rows", toString(a), toString(b), depth,
                  right.end()[-2]);
  }
  left.resize(left.size() - 2);
  right.resize(right.size() - 2);
  result = broadcastShapes(left, right);
  const BroadcastWalk<2> walk(result, {left, right});
  walk.forEachRun(0, walk.elementCount(), [&](int64_t, const std::array<int64_t, 2>& from, int64_t length) {
    for (int64_t i = 0; i < length; ++i) {
      a_batch.push_back(from[0] + i * walk.innerStep(0));
      b_batch.push_back(from[1] + i * walk.innerStep(1));
    }
  });
  if (a.size() > 1) result.push_back(rows);
  if (b.size() > 1) result.push_back(columns);
}

}  // namespace quant::reference
