#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/data_type.h"
#include "graph/graph.h"

namespace quant {

/// An input or output of a model.
struct PortInfo {
  std::string name;
  DataType type = DataType::kUndefined;
  std::optional<Shape> shape;      ///< -1 where only a run can tell; nothing when the rank is unknown
  std::vector<std::string> sizes;  ///< as text, for each axis: "3", "batch", "?"
};

/// The constants of one element type.
struct ConstantsInfo {
  int count = 0;
  int64_t elements = 0;
  uint64_t bytes = 0;
};

/// A node that multiplies, or that reads weights.
struct LayerInfo {
  std::string node, op_type;
  std::string precision;        ///< what it computes with: "float", "int8", "int8, dynamic", "int4 weights"
  Shape weights;                ///< of its second operand; empty when it has none, or when it is unknown
  int64_t parameters = 0;       ///< elements of all weights that it reads
  std::optional<int64_t> macs;  ///< nothing when its shapes are unknown
};

/// What stands in a model. Pure data.
struct Inspection {
  int64_t opset = 0, ir_version = 0;
  std::map<std::string, int64_t> other_opsets;  ///< by domain; of those that a node is from
  std::string producer;
  std::map<std::string, std::string> metadata;
  std::vector<PortInfo> inputs, outputs;
  std::map<std::string, int> operators;  ///< nodes of each; those of other domains as "domain.Op"
  std::map<DataType, ConstantsInfo> constants;
  int64_t parameters = 0;  ///< elements of all weights: floats, and the integers that stand for them
  std::vector<LayerInfo> layers;
  std::map<std::string, int64_t> sizes;  ///< what was assumed for sizes that only a run can tell
};

/// Looks at `graph`. MACs are counted for `sizes`; a size that is not in it, and that only a run can tell, counts as 1.
/// Throws (bad input) for the name of a size that no input has.
Inspection inspect(const Graph& graph, const std::map<std::string, int64_t>& sizes);

/// In one screen: the `most_layers` layers with the most MACs.
std::string inspectionText(const Inspection& inspection, size_t most_layers);

/// Everything, as JSON, for the file `path` of `bytes`.
std::string inspectionJson(const Inspection& inspection, const std::string& path, uint64_t bytes);

}  // namespace quant
