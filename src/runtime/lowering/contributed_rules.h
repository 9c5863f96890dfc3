#pragma once

#include <string>

#include "runtime/lowering/expand_functions.h"

namespace quant {

// What rules for contributed operators are made of.

void setFloat(onnx::NodeProto& node, const char* name, float value);
void setInt(onnx::NodeProto& node, const char* name, int64_t value);
void setInts(onnx::NodeProto& node, const char* name, const std::vector<int64_t>& values);
void setText(onnx::NodeProto& node, const char* name, const std::string& value);
/// Constant vectors.
std::string ints(Expansion& x, const std::vector<int64_t>& values);
std::string floats(Expansion& x, const std::vector<float>& values);
/// a + b, or a where b is left out.
std::string sum(Expansion& x, const std::string& a, const std::string& b);
/// A float constant of the type that `like` has.
std::string constantLike(Expansion& x, float value, const std::string& like);

// contributed_attention.cpp
void attentionRule(Expansion& x);
void multiHeadAttentionRule(Expansion& x);
void embedLayerNormalizationRule(Expansion& x);
void rotaryEmbeddingRule(Expansion& x);

// machine_learning_functions.cpp
/// The rule for an operator of ai.onnx.ml; null where there is none.
ExpansionRule machineLearningFunction(const std::string& op_type);

}  // namespace quant
