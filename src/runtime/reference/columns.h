#pragma once

#include <cstdint>

#include "runtime/reference/window.h"

namespace quant::reference {

/// Unrolls one group of channels of one image: columns[(c * kernel + k) * out + o] = what kernel element k sees of
/// channel c at output position o, zero in the padding. `image` is row-major [channels, in...].
template <class T>
void unrollWindows(const T* image, int64_t channels, const Window& window, T* columns) {
  const WindowAxis &d = window.depth(), &h = window.height(), &w = window.width();
  const int64_t kernel = window.kernelSize();
#pragma omp parallel for schedule(static) if (channels * kernel * window.outSize() > 1 << 14)
  for (int64_t row = 0; row < channels * kernel; ++row) {
    const int64_t k = row % kernel, kw = k % w.kernel, kh = k / w.kernel % h.kernel, kd = k / w.kernel / h.kernel;
    const T* const channel = image + row / kernel * window.inSize();
    T* to = columns + row * window.outSize();
    for (int64_t od = 0; od < d.out; ++od) {
      for (int64_t oh = 0; oh < h.out; ++oh) {
        const int64_t id = d.start(od) + kd * d.dilation, ih = h.start(oh) + kh * h.dilation;
        const bool inside = id >= 0 && id < d.in && ih >= 0 && ih < h.in;
        for (int64_t ow = 0; ow < w.out; ++ow, ++to) {
          const int64_t iw = w.start(ow) + kw * w.dilation;
          *to = inside && iw >= 0 && iw < w.in ? channel[(id * h.in + ih) * w.in + iw] : T{};
        }
      }
    }
  }
}

/// The reverse, for transposed convolutions: adds columns[(c * kernel + k) * in + i] to image[c], row-major
/// [channels, out...], at the output position that input position i reaches through kernel element k.
template <class T>
void addWindows(const T* columns, int64_t channels, const Window& window, T* image) {
  const WindowAxis &d = window.depth(), &h = window.height(), &w = window.width();
  const int64_t kernel = window.kernelSize();
#pragma omp parallel for schedule(static) if (channels * kernel * window.inSize() > 1 << 14)
  for (int64_t c = 0; c < channels; ++c) {
    T* const channel = image + c * window.outSize();
    const T* from = columns + c * kernel * window.inSize();
    for (int64_t k = 0; k < kernel; ++k) {
      const int64_t kw = k % w.kernel, kh = k / w.kernel % h.kernel, kd = k / w.kernel / h.kernel;
      for (int64_t i = 0; i < window.inSize(); ++i, ++from) {
        const int64_t ow = w.start(i % w.in) + kw * w.dilation, oh = h.start(i / w.in % h.in) + kh * h.dilation;
        const int64_t od = d.start(i / w.in / h.in) + kd * d.dilation;
        const bool inside = od >= 0 && od < d.out && oh >= 0 && oh < h.out && ow >= 0 && ow < w.out;
        if (inside) channel[(od * h.out + oh) * w.out + ow] += *from;
      }
    }
  }
}

}  // namespace quant::reference
