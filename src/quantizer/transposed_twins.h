#pragma once

#include <map>
#include <set>
#include <string>

#include "graph/graph.h"

namespace quant {

/// Which of the float matrices in `constants` are others transposed: tied embeddings, which look up rows of a table and
/// multiply with it as columns. From the one to be written as a Transpose, which runtimes compute when they load a
/// model, to the one to be stored: that with more rows. Only matrices that are worth it.
std::map<std::string, std::string> findTransposedTwins(const Graph& graph, const std::set<std::string>& constants);

}  // namespace quant
