#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/mode.h"

namespace quant {

/// Runs a model as it would be written in half precision, and looks for infinities and NaNs that the float model does
/// not have: over samples of the user's, or made-up ones.
class HalfTrial {
 public:
  explicit HalfTrial(const ModeRun& run);

  /// Nodes that fail, by key, each with what was seen. Those that only pass on what another one made are not among
  /// them. Nothing where the model cannot be run: the verification of what is written will say so.
  std::map<std::string, std::string> failures(const QuantizationPlan& plan);

 private:
  [[nodiscard]] std::map<std::string, std::string> blame(const Graph& converted, const QuantizationPlan& plan,
                                                         const std::map<std::string, int64_t>& broken) const;
  [[nodiscard]] bool isFiniteInFloat(const std::string& value);

  const ModeRun& run_;
  std::unique_ptr<Dataset> made_up_;
  const Dataset* samples_ = nullptr;  ///< null where no trial is possible
  size_t count_ = 0;
  std::map<std::string, bool> is_finite_;  ///< of the float model, as far as it was asked for
};

}  // namespace quant
