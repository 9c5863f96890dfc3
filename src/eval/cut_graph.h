#pragma once

#include <string>
#include <vector>

#include "eval/network.h"

namespace quant {

/// An input that a cut graph has got, and the value that it stands for.
struct CutInput {
  std::string name;
  size_t value = 0;                   ///< its index in what the graph was cut at
  DataType type;                      ///< a float type, or that of `params`
  std::optional<QuantParams> params;  ///< for integers that stand for reals
};

/// A model in separate pieces.
struct CutGraph {
  Graph graph;
  std::vector<CutInput> inputs;  ///< besides those of the model
};

/// A value to cut at; `type` counts where the graph does not say it.
struct CutValue {
  std::string name;
  DataType type = DataType::kUndefined;
};

/// `graph` cut at `values`: whatever reads one of them, or another form of it, reads an input instead.
///
///   x -> Conv -> Q -> DQ -> Conv -> Q        becomes        x -> Conv -> Q        given -> Conv -> Q
///
/// Who reads integers (QLinearConv) is given integers. Who reads a value whose type nothing tells stays connected.
CutGraph cutAtValues(const Graph& graph, const std::vector<CutValue>& values);

}  // namespace quant
