#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/report_details.h"
#include "calibration/range_table.h"
#include "eval/verification.h"
#include "passes/pass.h"
#include "quantizer/plan.h"
#include "runtime/cpu.h"

namespace quant {

/// What one `quantize MODEL` did. Pure data: the printers below only format it.
struct QuantizeReport {
  std::filesystem::path model, output;
  std::string mode;
  uint64_t model_bytes = 0, output_bytes = 0;
  int64_t opset = 0;

  struct Calibration {
    std::string method;
    std::string source;  ///< what was read: "200 JPEG pictures of calibration/", or a file of ranges
    size_t samples = 0;
    std::string preprocess;  ///< as text; empty for data that is not preprocessed
    double seconds = 0;
  } calibration;

  RangeTable ranges;
  QuantizationPlan plan;
  std::vector<PassResult> passes;
  std::vector<Verification> verifications;
  std::string verified_with;  ///< the samples: "200 samples (pictures)"
  std::string not_verified;   ///< why no verification took place; empty when one did, or none was wanted
  std::string not_run;        ///< operators that no comparison covers, and what is compared instead
  CpuInfo cpu;
  std::optional<ReportDetails> details;  ///< only for a report that shows them

  double load_seconds = 0, total_seconds = 0;
  uint64_t peak_memory = 0;
};

/// "SQNR 41.5 dB, cosine 0.99987, same top-1 in 98.0 %".
std::string agreementText(const OutputAgreement& output);

/// About ten lines for a person.
std::string summaryText(const QuantizeReport& report);

/// Every node, what happens to it and why, and every quantized value with its numbers.
std::string planText(const QuantizationPlan& plan);

/// Everything, as JSON.
std::string reportJson(const QuantizeReport& report);

/// The summary and every node, as Markdown tables.
std::string reportMarkdown(const QuantizeReport& report);

}  // namespace quant
