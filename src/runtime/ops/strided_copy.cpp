#include "runtime/ops/strided_copy.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "runtime/broadcast.h"
#include "runtime/element_type.h"
#include "runtime/strided_walk.h"

namespace quant {

namespace {

template <class Word>
void copyRun(const Word* src, int64_t src_step, Word* dst, int64_t dst_step, int64_t length) {
  if (src_step == 1 && dst_step == 1) {
    std::memcpy(dst, src, static_cast<size_t>(length) * sizeof(Word));
  } else if (src_step == 0 && dst_step == 1) {
    std::fill_n(dst, length, *src);
  } else {
    for (int64_t i = 0; i < length; ++i) dst[i * dst_step] = src[i * src_step];
  }
}

template <class Word>
void copyRuns(const Word* src, Word* dst, const StridedCopy& copy) {
  const StridedWalk<2> walk(copy.box, {copy.src_strides, copy.dst_strides});
  parallelRange(walk.elementCount(), [&](int64_t begin, int64_t end) {
    walk.forEachRun(begin, end, [&](int64_t, const std::array<int64_t, 2>& at, int64_t length) {
      copyRun(src + at[0], walk.innerStep(0), dst + at[1], walk.innerStep(1), length);
    });
  });
}

/// The two axes that neighbouring elements of source and destination lie along, where they are not the same one.
struct TurnedAxes {
  size_t src, dst;
};

std::optional<TurnedAxes> turnedAxes(const StridedCopy& copy) {
  constexpr int64_t kWorthTiling = 4;
  const auto contiguous = [&](const std::vector<int64_t>& strides) -> std::optional<size_t> {
    for (size_t i = 0; i < strides.size(); ++i) {
      if (strides[i] == 1 && copy.box[i] >= kWorthTiling) return i;
    }
    return std::nullopt;
  };
  const auto src = contiguous(copy.src_strides), dst = contiguous(copy.dst_strides);
  if (!src || !dst || *src == *dst) return std::nullopt;
  return TurnedAxes{*src, *dst};
}

/// `length` x `width` elements, small enough that both sides stay in the first-level cache.
template <class Word>
void copyTile(const Word* src, int64_t src_stride, Word* dst, int64_t dst_stride, int64_t length, int64_t width) {
  for (int64_t i = 0; i < length; ++i) {
    for (int64_t j = 0; j < width; ++j) dst[i * dst_stride + j] = src[i + j * src_stride];
  }
}

/// A transposition: the source is contiguous along axis `turned.src`, the destination along `turned.dst`.
template <class Word>
void copyTiles(const Word* src, Word* dst, const StridedCopy& copy, TurnedAxes turned) {
  constexpr int64_t kTile = 32;
  const int64_t length = copy.box[turned.src], width = copy.box[turned.dst];
  const int64_t src_stride = copy.src_strides[turned.dst], dst_stride = copy.dst_strides[turned.src];
  // Walk over tiles: the two turned axes are counted in tiles, the others in elements.
  Shape box = copy.box;
  box[turned.src] = (length + kTile - 1) / kTile;
  box[turned.dst] = 1;
  auto src_strides = copy.src_strides, dst_strides = copy.dst_strides;
  src_strides[turned.src] *= kTile;
  dst_strides[turned.src] *= kTile;
  std::vector<int64_t> first_of_tile(box.size(), 0);
  first_of_tile[turned.src] = kTile;
  const StridedWalk<3> walk(box, {src_strides, dst_strides, first_of_tile});
  const auto copyStrip = [&](const Word* from, Word* to, int64_t first) {
    for (int64_t j = 0; j < width; j += kTile) {
      copyTile(from + j * src_stride, src_stride, to + j, dst_stride, std::min(kTile, length - first),
               std::min(kTile, width - j));
    }
  };
  const int64_t tiles = walk.elementCount();
  const int64_t pieces = std::clamp<int64_t>(elementCount(copy.box) / kParallelGrain, 1, omp_get_max_threads());
#pragma omp parallel for schedule(static) if (pieces > 1)
  for (int64_t piece = 0; piece < pieces; ++piece) {
    walk.forEachRun(tiles * piece / pieces, tiles * (piece + 1) / pieces,
                    [&](int64_t, const std::array<int64_t, 3>& at, int64_t count) {
                      for (int64_t i = 0; i < count; ++i) {
                        copyStrip(src + at[0] + i * walk.innerStep(0), dst + at[1] + i * walk.innerStep(1),
                                  at[2] + i * walk.innerStep(2));
                      }
                    });
  }
}

}  // namespace

void copyStrided(const Tensor& src, Tensor& dst, const StridedCopy& copy) {
  if (src.type() != dst.type()) throwInternal("copy from {} to {}", toString(src.type()), toString(dst.type()));
  if (elementCount(copy.box) == 0) return;
  withElementWord(src.type(), "copy", [&](auto word) {
    using Word = decltype(word);
    const Word* from = static_cast<const Word*>(src.bytes()) + copy.src_offset;
    Word* to = static_cast<Word*>(dst.bytes()) + copy.dst_offset;
    if (const auto turned = turnedAxes(copy)) {
      copyTiles(from, to, copy, *turned);
    } else {
      copyRuns(from, to, copy);
    }
  });
}

void copyStrided(const Tensor& src, Tensor& dst, const Shape& box, const std::vector<int64_t>& src_strides,
                 int64_t src_offset) {
  copyStrided(src, dst, {box, src_strides, rowMajorStrides(box), src_offset, 0});
}

void fill(Tensor& dst, const void* value) {
  withElementWord(dst.type(), "fill", [&](auto word) {
    std::memcpy(&word, value, sizeof(word));
    auto* data = static_cast<decltype(word)*>(dst.bytes());
    parallelRange(dst.elementCount(), [&](int64_t begin, int64_t end) { std::fill(data + begin, data + end, word); });
  });
}

}  // namespace quant
