#include "graph/operator_schemas.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <onnx/defs/shape_inference.h>

namespace quant {

namespace {

using Context = onnx::InferenceContext;
constexpr const char* kMicrosoft = "com.microsoft";

bool isTyped(Context& context, size_t input) {
  if (input >= context.getNumInputs()) return false;
  const auto* type = context.getInputType(input);
  return type != nullptr && type->has_tensor_type() && type->tensor_type().elem_type() != 0;
}

/// The shape of an input with a known rank, or null.
const onnx::TensorShapeProto* shapeOf(Context& context, size_t input) {
  if (!isTyped(context, input) || !context.getInputType(input)->tensor_type().has_shape()) return nullptr;
  return &context.getInputType(input)->tensor_type().shape();
}

void copyType(Context& context, size_t input, size_t output) {
  if (output >= context.getNumOutputs() || !isTyped(context, input)) return;
  onnx::propagateElemTypeFromInputToOutput(context, input, output);
}

void copyAll(Context& context, size_t input, size_t output) {
  copyType(context, input, output);
  if (output >= context.getNumOutputs() || shapeOf(context, input) == nullptr) return;
  onnx::propagateShapeFromInputToOutput(context, input, output);
}

/// Makes the last size of an output, which has a shape, another one; unknown where that is.
void setLast(Context& context, size_t output, const onnx::TensorShapeProto::Dimension& size) {
  auto& shape = *context.getOutputType(output)->mutable_tensor_type()->mutable_shape();
  *shape.mutable_dim(shape.dim_size() - 1) = size;
}

int64_t attribute(Context& context, const char* name) {
  const auto* found = context.getAttribute(name);
  return found == nullptr ? 0 : found->i();
}

// --- what the results are, by operator ------------------------------------------------------------------------------

void likeFirst(Context& context) { copyAll(context, 0, 0); }

void typeOfFirst(Context& context) { copyType(context, 0, 0); }
void typeOfSecond(Context& context) { copyType(context, 1, 0); }
void typeOfThird(Context& context) { copyType(context, 2, 0); }

void firstInTypeOfSecond(Context& context) {
  copyAll(context, 0, 0);
  copyType(context, 1, 0);
}

void firstInTypeOfThird(Context& context) {
  copyAll(context, 0, 0);
  copyType(context, 2, 0);
}

void typesOfFirst(Context& context) {
  for (size_t output = 0; output < context.getNumOutputs(); ++output) copyType(context, 0, output);
}

/// Outputs: the normalized sum, mean, deviation, the sum.
void skipNormalization(Context& context) {
  copyAll(context, 0, 0);
  copyAll(context, 0, 3);
}

/// Of the weights' columns, a third is for each of query, key and value.
void attention(Context& context) {
  copyType(context, 0, 1);
  copyType(context, 0, 0);
  const auto *x = shapeOf(context, 0), *weights = shapeOf(context, 1);
  const bool is_known = x != nullptr && x->dim_size() == 3 && weights != nullptr && weights->dim_size() == 2;
  if (!is_known || context.getAttribute("qkv_hidden_sizes") != nullptr) return;
  copyAll(context, 0, 0);
  onnx::TensorShapeProto::Dimension size;
  if (weights->dim(1).has_dim_value()) size.set_dim_value(weights->dim(1).dim_value() / 3);
  setLast(context, 0, size);
}

/// As long and wide as the query, which may hold keys and values as well. What is kept grows with each call.
void groupQueryAttention(Context& context) {
  typesOfFirst(context);
  const auto* query = shapeOf(context, 0);
  if (query == nullptr || query->dim_size() != 3) return;
  copyAll(context, 0, 0);
  if (isTyped(context, 1)) return;
  onnx::TensorShapeProto::Dimension size;
  const int64_t heads = attribute(context, "num_heads"), all = heads + 2 * attribute(context, "kv_num_heads");
  if (query->dim(2).has_dim_value() && all > 0) size.set_dim_value(query->dim(2).dim_value() / all * heads);
  setLast(context, 0, size);
}

/// As long as the query, as wide as the value.
void multiHeadAttention(Context& context) {
  typesOfFirst(context);
  const auto *query = shapeOf(context, 0), *value = shapeOf(context, 2);
  if (query == nullptr || query->dim_size() != 3 || value == nullptr || value->dim_size() != 3) return;
  copyAll(context, 0, 0);
  setLast(context, 0, value->dim(2));
}

void embedNormalization(Context& context) {
  for (const size_t output : {size_t{0}, size_t{2}}) {
    copyType(context, 2, output);
    const auto *ids = shapeOf(context, 0), *words = shapeOf(context, 2);
    if (output >= context.getNumOutputs() || ids == nullptr || words == nullptr || words->dim_size() != 2) continue;
    auto& shape = *context.getOutputType(output)->mutable_tensor_type()->mutable_shape();
    shape = *ids;
    *shape.add_dim() = words->dim(1);
  }
  if (context.getNumOutputs() > 1) onnx::updateOutputElemType(context, 1, onnx::TensorProto::INT32);
}

void matMulNBits(Context& context) {
  copyType(context, 0, 0);
  const auto* x = shapeOf(context, 0);
  if (x == nullptr || x->dim_size() == 0) return;
  copyAll(context, 0, 0);
  onnx::TensorShapeProto::Dimension size;
  size.set_dim_value(attribute(context, "N"));
  setLast(context, 0, size);
}

struct Row {
  std::string_view op_type;
  void (*infer)(Context&);
};

constexpr Row kRows[] = {
    {"Attention", attention},
    {"BiasGelu", likeFirst},
    {"DequantizeLinear", firstInTypeOfSecond},
    {"DynamicQuantizeLSTM", typesOfFirst},
    {"DynamicQuantizeMatMul", typeOfFirst},
    {"EmbedLayerNormalization", embedNormalization},
    {"FastGelu", likeFirst},
    {"FusedConv", typeOfFirst},
    {"FusedGemm", typeOfFirst},
    {"FusedMatMul", typeOfFirst},
    {"GatherBlockQuantized", typeOfThird},
    {"Gelu", likeFirst},
    {"GroupQueryAttention", groupQueryAttention},
    {"MatMulIntegerToFloat", typeOfThird},
    {"MatMulNBits", matMulNBits},
    {"MultiHeadAttention", multiHeadAttention},
    {"QLinearAdd", typeOfFirst},
    {"QLinearAveragePool", typeOfFirst},
    {"QLinearConcat", typeOfThird},
    {"QLinearGlobalAveragePool", typeOfFirst},
    {"QLinearLeakyRelu", likeFirst},
    {"QLinearMul", typeOfFirst},
    {"QLinearSigmoid", likeFirst},
    {"QLinearSoftmax", likeFirst},
    {"QLinearWhere", typeOfSecond},
    {"QuantizeLinear", firstInTypeOfThird},
    {"QuickGelu", likeFirst},
    {"RotaryEmbedding", likeFirst},
    {"SimplifiedLayerNormalization", likeFirst},
    {"SkipLayerNormalization", skipNormalization},
    {"SkipSimplifiedLayerNormalization", skipNormalization},
};

/// Of any number of tensors of any types.
onnx::OpSchema schemaFor(const Row& row) {
  onnx::OpSchema schema(std::string(row.op_type), __FILE__, __LINE__);
  schema.SetDomain(kMicrosoft)
      .SinceVersion(1)
      .Input(0, "inputs", "", "T", onnx::OpSchema::Variadic, /*is_homogeneous=*/false, /*min_arity=*/0)
      .Output(0, "outputs", "", "T", onnx::OpSchema::Variadic, /*is_homogeneous=*/false, /*min_arity=*/0)
      .TypeConstraint("T", onnx::OpSchema::all_tensor_types_ir13(), "")
      .TypeAndShapeInferenceFunction(row.infer);
  schema.Finalize();
  return schema;
}

class OperatorSchemas : public onnx::ISchemaRegistry {
 public:
  OperatorSchemas() {
    for (const Row& row : kRows) contributed_.emplace(row.op_type, schemaFor(row));
  }

  // NOLINTNEXTLINE(google-default-arguments): as it is declared
  const onnx::OpSchema* GetSchema(const std::string& op_type, int version,
                                  const std::string& domain = onnx::ONNX_DOMAIN) const override {
    const auto* schema = onnx::OpSchemaRegistry::Schema(op_type, version, domain);
    // onnxruntime keeps one of its operators in ONNX's own domain.
    const bool is_contributed = domain == kMicrosoft || op_type == "SimplifiedLayerNormalization";
    if (schema != nullptr || !is_contributed) return schema;
    const auto found = contributed_.find(op_type);
    return found == contributed_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, onnx::OpSchema, std::less<>> contributed_;
};

}  // namespace

const onnx::ISchemaRegistry& operatorSchemas() {
  static const OperatorSchemas schemas;
  return schemas;
}

}  // namespace quant
