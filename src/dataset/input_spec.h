#pragma once

#include <string>

#include "core/data_type.h"
#include "core/shape.h"

namespace quant {

/// A size that the model leaves open.
inline constexpr int64_t kOpenSize = -1;

/// One input that a model wants to be fed.
struct InputSpec {
  std::string name;
  DataType type = DataType::kFloat32;
  Shape shape;             ///< kOpenSize where the model takes any size
  bool rank_known = true;  ///< false: the model does not even say how many axes; `shape` is empty
};

/// "[?,3,224,224]", or "of any shape".
std::string shapeToString(const InputSpec& input);

/// "'image' (float [?,3,224,224])".
std::string toString(const InputSpec& input);

/// True when `shape` has the wanted rank and every size that is not open.
bool fits(const Shape& shape, const InputSpec& input);

}  // namespace quant
