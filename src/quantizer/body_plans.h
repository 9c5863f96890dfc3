#pragma once

#include <functional>

#include "quantizer/plan.h"

namespace quant {

/// Decides about one graph alone. `selection` is what it concerns of the user's.
using GraphPlanner = std::function<QuantizationPlan(const Graph& graph, const NodeSelection& selection)>;

/// Rewrites one graph alone.
using GraphRewriter = std::function<void(Graph& graph, const QuantizationPlan& plan)>;

/// The plan of `graph` and of all bodies of If, Loop and Scan in it, each planned alone. The rows of a body stand
/// before the one of its node; before their keys stands their body's path, "z/then_branch/" in a body of the node whose
/// first output is "z" (as in FloatNetwork).
///
/// A constant is stored in few bits only where every graph that reads it wants that.
QuantizationPlan planWithBodies(const Graph& graph, const NodeSelection& selection, const GraphPlanner& plan_one);

/// Rewrites `graph` and all bodies in it as `planWithBodies` decided. Large constants that several of them hold
/// afterwards stand in `graph` alone.
void applyWithBodies(Graph& graph, const QuantizationPlan& plan, const GraphRewriter& rewrite_one);

}  // namespace quant
