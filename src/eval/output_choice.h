#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eval/eval_report.h"
#include "graph/graph.h"

namespace quant {

/// What a model's outputs are taken for.
struct OutputChoice {
  Metric metric = Metric::kError;
  size_t output = 0;      ///< the one that the metric is about
  std::string no_scores;  ///< why there is no top-1 though there are labels; empty where there is, or are none
};

/// What a user wants of a choice.
struct ChoiceWishes {
  std::optional<Metric> metric;
  std::string output;  ///< the one that the metric is about; empty: what suits
  bool has_labels = false;
  std::optional<size_t> classes;  ///< how many the samples' labels are of, where that is known
};

/// Why output `index` is no row of class scores, as far as its declared type and the other outputs tell; empty when it
/// may be one. Detectors' outputs look like scores at first sight: boxes [n,4], and a number for each box [n] or [1,n].
std::string whyNoScores(const Graph& graph, size_t index);

/// kVectors for a sentence model (an attention mask and a first output of rank 3); else kClasses about the first row of
/// class scores, of as many classes as the labels where there are several; else kError. Without labels only the first
/// output is looked at. Throws (bad input) when the model has no output of the wanted name.
OutputChoice chooseOutput(const Graph& graph, const ChoiceWishes& wishes);

/// The input that marks which tokens of a sentence count; empty when the model has none.
std::string attentionMaskOf(const Graph& graph);

}  // namespace quant
