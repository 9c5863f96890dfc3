#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/tensor.h"
#include "dataset/shared_bytes.h"

namespace quant {

/// What the header of a .npy file says.
struct NpyHeader {
  DataType type = DataType::kUndefined;
  Shape shape;
  bool fortran_order = false;  ///< the first axis varies fastest
  size_t data_offset = 0;      ///< where the elements start
};

/// Bytes from the start of a file that hold the header of every array that NumPy writes.
inline constexpr size_t kNpyHeaderBytes = 4096;

/// Reads the header of the documented .npy format, versions 1 to 3. `start` may end anywhere after the header. Throws
/// (bad input) with `what` for damaged headers, (unsupported) for element types other than little-endian f2, f4, f8,
/// i1..i8, u1..u8 and booleans.
NpyHeader parseNpyHeader(std::span<const std::byte> start, const std::string& what);

/// The array in row-major order: a view of `file` where the elements lie so in it, else a copy. Throws as
/// `parseNpyHeader`, and (bad input) for truncated files.
Tensor readNpy(SharedBytes file, const std::string& what);

}  // namespace quant
