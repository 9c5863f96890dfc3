#include "runtime/ops/take.h"

#include <cstring>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"

namespace quant {

namespace {

/// Picks single elements out of rows.
template <class Word>
void takeElements(const Word* src, Word* dst, int64_t row_size, std::span<const int64_t> indices, int64_t rows) {
  const auto count = static_cast<int64_t>(indices.size());
#pragma omp parallel for schedule(static) if (rows * count > kParallelGrain)
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t i = 0; i < count; ++i) dst[row * count + i] = src[row * row_size + indices[static_cast<size_t>(i)]];
  }
}

void takeBlocks(const char* src, char* dst, int64_t axis_size, size_t block, std::span<const int64_t> indices,
                int64_t outer) {
  const auto count = static_cast<int64_t>(indices.size());
  const int64_t blocks = outer * count;
#pragma omp parallel for schedule(static) if (blocks * static_cast <int64_t>(block) > 4 * kParallelGrain)
  for (int64_t i = 0; i < blocks; ++i) {
    const int64_t from = i / count * axis_size + indices[static_cast<size_t>(i % count)];
    std::memcpy(dst + static_cast<size_t>(i) * block, src + static_cast<size_t>(from) * block, block);
  }
}

}  // namespace

Tensor takeAlong(const Tensor& src, int64_t axis, std::span<const int64_t> indices) {
  const AxisSplit split = splitAt(src.shape(), axis);
  Shape shape = src.shape();
  shape[static_cast<size_t>(axis)] = static_cast<int64_t>(indices.size());
  Tensor dst(src.type(), shape);
  if (dst.elementCount() == 0) return dst;
  if (split.inner == 1) {
    withElementWord(src.type(), "take", [&](auto word) {
      using Word = decltype(word);
      takeElements(static_cast<const Word*>(src.bytes()), static_cast<Word*>(dst.bytes()), split.size, indices,
                   split.outer);
    });
  } else {
    takeBlocks(static_cast<const char*>(src.bytes()), static_cast<char*>(dst.bytes()), split.size,
               static_cast<size_t>(split.inner * elementSize(src.type())), indices, split.outer);
  }
  return dst;
}

}  // namespace quant
