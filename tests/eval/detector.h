#pragma once

#include <string>

#include "support/onnx_text.h"

namespace quant::test {

/// As a detector's: what it finds, one row for each element of x * {1, 3} above `threshold`, and the row's number.
inline Graph detector(const std::string& threshold) {
  return parseGraph(R"(g (float[1,2] x) => (float[n,1] found, int64[n] numbers)
      <float t = {)" +
                    threshold +
                    R"(}, float[1,2] w = {1, 3}, int64[1] all = {-1}, int64[1] axis = {1}, int64[2] both = {1, 2}> {
        s = Mul(x, w)
        m = Greater(s, t)
        flat = Reshape(s, all)
        mask = Reshape(m, all)
        one = Compress(flat, mask)
        found = Unsqueeze(one, axis)
        numbers = Compress(both, mask)
      })");
}

}  // namespace quant::test
