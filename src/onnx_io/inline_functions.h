#pragma once

#include "graph/graph.h"

namespace quant {

/// Puts the body of each of the model's own functions in place of the nodes that call it, in bodies of If, Loop and
/// Scan too; the model has no functions afterwards.
///
///   y = local.Twice(x), named "c"    becomes    c/t = Add(x, x)    y = Relu(c/t)
///     where Twice (p) => (q) { t = Add(p, p)  q = Relu(t) }
///
/// A function may import older operators than the model, or newer ones: both are raised to the newest of all. Throws
/// (bad input) for functions that call themselves, (unsupported) for ones that unfold to more nodes than any model has.
void inlineFunctions(Graph& graph);

}  // namespace quant
