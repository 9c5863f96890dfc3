#pragma once

#include <cstdint>
#include <string_view>

#include "graph/graph.h"

namespace quant {

/// What a model mostly is, for advice on how to quantize it.
enum class ModelKind {
  kConvolutional,
  kTransformer,  ///< products of two computed matrices around a Softmax, or attention operators
  kRecurrent,    ///< LSTM, GRU, RNN
  kDense,        ///< products with weights, and nothing of the above
  kOther,        ///< no weights that a mode could make smaller
};

/// "convolutional network", "transformer", ...
std::string_view toString(ModelKind kind);

/// Bytes of constants: those of 32-bit floats by what they are used for.
struct WeightBytes {
  int64_t convolution = 0, product = 0, recurrent = 0, embedding = 0;
  int64_t other_float = 0;
  int64_t small_integers = 0;  ///< and floats of at most 8 bits: quantized already
  int64_t other = 0;

  [[nodiscard]] int64_t floats() const { return convolution + product + recurrent + embedding + other_float; }
  [[nodiscard]] int64_t total() const { return floats() + small_integers + other; }
};

struct ModelSurvey {
  ModelKind kind = ModelKind::kOther;
  int64_t parameters = 0;  ///< elements of all constants
  WeightBytes bytes;
};

/// Looks at the operators and constants of the main graph; runs nothing.
ModelSurvey surveyModel(const Graph& graph);

}  // namespace quant
