#pragma once

#include <string>
#include <vector>

#include "eval/comparison.h"

namespace quant {

/// What one `quantize compare` found. Pure data: printers only format it.
struct CompareReport {
  struct Model {
    std::string path;
    std::string name;  ///< short: "model.int8.onnx"
  };
  std::vector<Model> models;         ///< the first is what the second is held against
  std::string data;                  ///< "16 samples (pictures)"
  std::string preprocess;            ///< how pictures become inputs; empty for other data
  std::vector<std::string> not_run;  ///< for each model with operators that cannot be run here, what is left out
  double below = 0;                  ///< dB under which values count as different
  ModelComparison comparison;
};

/// Everything, as JSON; docs/compare.md describes it.
std::string compareReportJson(const CompareReport& report);

/// Tables for a terminal: along the network, what adds most, the outputs, and where the models part.
std::string compareReportText(const CompareReport& report);

/// The same as Markdown.
std::string compareReportMarkdown(const CompareReport& report);

}  // namespace quant
