#pragma once

#include <algorithm>
#include <array>

#include "runtime/broadcast.h"
#include "runtime/reference/window.h"

namespace quant::reference {

/// What one position of a pooling window covers.
class Taps {
 public:
  Taps(const Window& window, int64_t od, int64_t oh, int64_t ow)
      : spans_{spanOf(window.depth(), od), spanOf(window.height(), oh), spanOf(window.width(), ow)},
        row_(window.width().in),
        plane_(window.width().in * window.height().in) {}

  /// Calls visit(index) for the elements of the plane (row-major [depth, height, width]) under the kernel.
  template <class Visit>
  void forEach(Visit visit) const {
    const auto& [d, h, w] = spans_;
    for (int64_t z = 0, id = d.start; z < d.count; ++z, id += d.step) {
      for (int64_t y = 0, ih = h.start; y < h.count; ++y, ih += h.step) {
        const int64_t line = id * plane_ + ih * row_;
        for (int64_t x = 0, iw = w.start; x < w.count; ++x, iw += w.step) visit(line + iw);
      }
    }
  }
  /// Elements under the kernel.
  [[nodiscard]] int64_t count() const { return spans_[0].count * spans_[1].count * spans_[2].count; }
  /// The same with padding, but without what ceil_mode lets hang over the padding's end.
  [[nodiscard]] int64_t paddedCount() const { return spans_[0].padded * spans_[1].padded * spans_[2].padded; }

 private:
  struct Span {
    int64_t start, count, step, padded;
  };

  static Span spanOf(const WindowAxis& axis, int64_t o) {
    const int64_t first = axis.first(o), last = axis.last(o);
    return {axis.start(o) + first * axis.dilation, std::max<int64_t>(0, last - first), axis.dilation,
            axis.countBefore(o, axis.in + axis.pad_end)};
  }

  std::array<Span, 3> spans_;
  int64_t row_, plane_;
};

/// Calls visit(plane, position in the output plane, taps), planes in parallel.
template <class Visit>
void forEachWindow(int64_t planes, const Window& window, Visit visit) {
  const int64_t positions = window.outSize();
#pragma omp parallel for schedule(static) if (planes * positions * window.kernelSize() > kParallelGrain)
  for (int64_t plane = 0; plane < planes; ++plane) {
    int64_t at = 0;
    for (int64_t od = 0; od < window.depth().out; ++od) {
      for (int64_t oh = 0; oh < window.height().out; ++oh) {
        for (int64_t ow = 0; ow < window.width().out; ++ow) visit(plane, at++, Taps(window, od, oh, ow));
      }
    }
  }
}

}  // namespace quant::reference
