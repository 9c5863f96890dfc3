#pragma once

#include <map>
#include <set>
#include <string>

#include "core/data_type.h"

namespace quant {

/// How a value that was float32 is stored.
enum class HalfStorage {
  kFloat32,
  kHalf,
  kBoth,  ///< constants that nodes of both precisions read
};

/// Which values become half: decided once, together with the treatment of each node, and then only applied.
struct HalfPlan {
  DataType type = DataType::kUndefined;       ///< kFloat16 or kBFloat16
  std::map<std::string, HalfStorage> values;  ///< by key (see FloatNetwork): every float32 value as it is written
  std::set<std::string> diffused;             ///< constants whose rounding errors are passed on, by key
  std::set<std::string> half_slots;           ///< of If, Loop and Scan, by key
  std::set<std::string> half_outputs;         ///< of the model
};

}  // namespace quant
