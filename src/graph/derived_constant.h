#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "core/tensor.h"

namespace quant {

/// Takes the next bytes of a tensor.
using ByteSink = std::function<void(std::span<const std::byte>)>;

/// A constant whose elements are made when somebody asks for them, so that a model may hold more of them than memory:
/// while a file is written, one after the other is made, written and forgotten.
struct DerivedConstant {
  DataType type;
  Shape shape;
  /// Hands the elements, as raw data holds them, to the sink: in order, in as many pieces as it likes. It may be called
  /// more than once, with the same result each time, and keeps alive what it reads.
  std::function<void(const ByteSink&)> produce;
};

/// A derived constant that is made in one piece.
inline DerivedConstant deriveConstant(DataType type, Shape shape, std::function<Tensor()> make) {
  return {type, std::move(shape), [make = std::move(make)](const ByteSink& sink) {
            const Tensor tensor = make();
            sink({static_cast<const std::byte*>(tensor.bytes()), tensor.byteSize()});
          }};
}

}  // namespace quant
