#include "onnx_io/check.h"

#include <onnx/checker.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "core/error.h"
#include "graph/onnx_message.h"
#include "graph/operator_schemas.h"
#include "graph/subgraphs.h"

namespace quant {

namespace {

namespace checker = onnx::checker;

/// In the copy of a node that the checker is shown: the domain of operators in its bodies that it should pass over.
constexpr const char* kUncheckedDomain = "quantize.unchecked";

constexpr int64_t kOldestIrVersion = 3;  // the first with opset imports

std::unordered_map<std::string, int> opsetsOf(const onnx::ModelProto& model) {
  std::unordered_map<std::string, int> opsets;
  for (const auto& import : model.opset_import()) {
    opsets[import.domain() == "ai.onnx" ? "" : import.domain()] = static_cast<int>(import.version());
  }
  return opsets;
}

checker::CheckerContext makeContext(const onnx::ModelProto& model) {
  checker::CheckerContext context;
  context.set_ir_version(static_cast<int>(model.ir_version()));
  auto opsets = opsetsOf(model);
  if (const auto found = opsets.find(""); found != opsets.end()) opsets["ai.onnx"] = found->second;
  opsets.emplace(kUncheckedDomain, 1);
  context.set_opset_imports(opsets);
  return context;
}

// --- attributes that an operator does not have --------------------------------------------------------------------

const onnx::OpSchema* schemaOf(const onnx::NodeProto& node, const checker::CheckerContext& context) {
  const auto found = context.get_opset_imports().find(node.domain());
  if (found == context.get_opset_imports().end()) return nullptr;
  return onnx::OpSchemaRegistry::Schema(node.op_type(), found->second, node.domain() == "ai.onnx" ? "" : node.domain());
}

bool isUnknown(const onnx::AttributeProto& attribute, const onnx::OpSchema* schema) {
  return schema != nullptr && !schema->attributes().contains(attribute.name());
}

bool hasUnknownAttribute(const onnx::NodeProto& node, const checker::CheckerContext& context) {
  const auto* schema = schemaOf(node, context);
  bool found = std::ranges::any_of(node.attribute(), [&](const auto& attr) { return isUnknown(attr, schema); });
  forEachSubgraph(node, [&](const onnx::GraphProto& graph) {
    found = found ||
            std::ranges::any_of(graph.node(), [&](const auto& inner) { return hasUnknownAttribute(inner, context); });
  });
  return found;
}

void removeUnknownAttributes(onnx::NodeProto& node, const checker::CheckerContext& context) {
  const auto* schema = schemaOf(node, context);
  auto& attributes = *node.mutable_attribute();
  attributes.erase(std::remove_if(attributes.begin(), attributes.end(),
                                  [&](const auto& attribute) { return isUnknown(attribute, schema); }),
                   attributes.end());
  forEachSubgraph(node, [&](onnx::GraphProto& graph) {
    for (auto& inner : *graph.mutable_node()) removeUnknownAttributes(inner, context);
  });
}

// --- nodes --------------------------------------------------------------------------------------------------------

/// True for onnxruntime's operator in ONNX's own domain (SimplifiedLayerNormalization), as exports of language models
/// have it: ONNX's checker does not know it.
bool isContributed(const onnx::NodeProto& node, const checker::CheckerContext& context) {
  if (!node.domain().empty() && node.domain() != "ai.onnx") return false;
  return schemaOf(node, context) == nullptr && operatorSchemas().GetSchema(node.op_type(), 1) != nullptr;
}

bool isCalled(const onnx::NodeProto& node, const onnx::ModelProto& model) {
  return std::ranges::any_of(model.functions(),
                             [&](const auto& function) { return function.name() == node.op_type(); });
}

/// True for an operator that no version of ONNX has, in ONNX's own domain: so stand plugins of TensorRT
/// (EfficientNMS_TRT) in the files of some exporters. Nothing is known of it, as of operators of other domains.
bool isPlugin(const onnx::NodeProto& node, const onnx::ModelProto& model) {
  if (!node.domain().empty() && node.domain() != "ai.onnx") return false;
  return onnx::OpSchemaRegistry::Schema(node.op_type(), "") == nullptr && !isCalled(node, model);
}

bool isUnchecked(const onnx::NodeProto& node, const onnx::ModelProto& model, const checker::CheckerContext& context) {
  return isContributed(node, context) || isPlugin(node, model);
}

bool holdsUnchecked(const onnx::NodeProto& node, const onnx::ModelProto& model,
                    const checker::CheckerContext& context) {
  bool found = false;
  forEachSubgraph(node, [&](const onnx::GraphProto& body) {
    found = found || std::ranges::any_of(body.node(), [&](const auto& inner) {
              return isUnchecked(inner, model, context) || holdsUnchecked(inner, model, context);
            });
  });
  return found;
}

void hideUnchecked(onnx::NodeProto& node, const onnx::ModelProto& model, const checker::CheckerContext& context) {
  forEachSubgraph(node, [&](onnx::GraphProto& body) {
    for (auto& inner : *body.mutable_node()) {
      if (isUnchecked(inner, model, context)) inner.set_domain(kUncheckedDomain);
      hideUnchecked(inner, model, context);
    }
  });
}

void checkNode(const onnx::NodeProto& node, const onnx::ModelProto& model, const checker::CheckerContext& context,
               const checker::LexicalScopeContext& names) {
  if (isUnchecked(node, model, context)) return;
  if (!hasUnknownAttribute(node, context) && !holdsUnchecked(node, model, context)) {
    return checker::check_node(node, context, names);
  }
  onnx::NodeProto known = node;
  removeUnknownAttributes(known, context);
  hideUnchecked(known, model, context);
  checker::check_node(known, context, names);
}

/// An operator of ONNX's own domain that this opset does not have, nor the model as a function: perhaps a newer one.
bool isUnknownOperator(const onnx::NodeProto& node, const onnx::ModelProto& model,
                       const checker::CheckerContext& context) {
  if (!node.domain().empty() && node.domain() != "ai.onnx") return false;
  return schemaOf(node, context) == nullptr && !isCalled(node, model);
}

void checkNodes(const Graph& graph, const checker::CheckerContext& context) {
  checker::LexicalScopeContext names;
  for (const auto& info : graph.rest().graph().input()) names.add(info.name());
  for (const auto& tensor : graph.rest().graph().sparse_initializer()) names.add(tensor.values().name());
  for (const auto& name : graph.constants()) names.add(name);
  for (const Node* node : graph.nodes()) {
    try {
      checkNode(node->proto(), graph.rest(), context, names);
    } catch (const std::exception& error) {
      const bool is_unknown = isUnknownOperator(node->proto(), graph.rest(), context);
      throw Error(is_unknown ? ExitCode::kUnsupported : ExitCode::kBadInput,
                  fmt::format("node '{}' ({}): {}", node->label(), node->opType(), onnxMessage(error.what())));
    }
    for (const auto& value : node->proto().output()) names.add(value);
  }
}

void checkFunctions(const onnx::ModelProto& model, const checker::CheckerContext& context) {
  try {
    checker::check_model_local_functions(model, context, checker::LexicalScopeContext());
  } catch (const std::exception& error) {
    throwBadInput("the model's functions: {}", onnxMessage(error.what()));
  }
}

// --- inputs and outputs -------------------------------------------------------------------------------------------

void checkInterface(const onnx::GraphProto& graph) {
  std::set<std::string> inputs, outputs;
  for (const auto& info : graph.input()) {
    if (info.name().empty()) throwBadInput("an input of the graph has no name");
    if (!inputs.insert(info.name()).second) throwBadInput("the graph has two inputs named '{}'", info.name());
    if (info.type().value_case() == onnx::TypeProto::VALUE_NOT_SET) {
      throwBadInput("input '{}' of the graph has no type", info.name());
    }
    if (info.type().has_tensor_type() && info.type().tensor_type().elem_type() == onnx::TensorProto::UNDEFINED) {
      throwBadInput("input '{}' of the graph has no element type", info.name());
    }
  }
  for (const auto& info : graph.output()) {
    if (info.name().empty()) throwBadInput("an output of the graph has no name");
    if (!outputs.insert(info.name()).second) throwBadInput("the graph has two outputs named '{}'", info.name());
  }
  if (graph.output().empty()) throwBadInput("the graph has no outputs");
}

/// Old files declare initializers as inputs too; both must say the same.
void checkDeclaredConstants(const Graph& graph) {
  for (const auto& info : graph.rest().graph().input()) {
    const onnx::TensorProto* tensor = graph.constantProto(info.name());
    if (tensor == nullptr) continue;
    const auto& declared = info.type().tensor_type();
    bool is_same = declared.elem_type() == tensor->data_type();
    if (declared.has_shape()) {
      is_same = is_same && declared.shape().dim_size() == tensor->dims_size();
      for (int i = 0; is_same && i < tensor->dims_size(); ++i) {
        const auto& dim = declared.shape().dim(i);
        is_same = !dim.has_dim_value() || dim.dim_value() < 0 || dim.dim_value() == tensor->dims(i);
      }
    }
    if (!is_same) throwBadInput("input '{}' is declared with another type or shape than its initializer", info.name());
  }
}

}  // namespace

int64_t newestOpset() { return onnx::OpSchemaRegistry::DomainToVersionRange::Instance().Map().at("").second; }

int64_t newestIrVersion() { return onnx::Version::IR_VERSION; }

void checkVersions(const onnx::ModelProto& model) {
  if (model.ir_version() <= 0) throwBadInput("it says no ir_version, so it is no ONNX model or a damaged one");
  if (model.ir_version() > newestIrVersion()) {
    throwUnsupported("its format (ir_version {}) is newer than this program knows ({})", model.ir_version(),
                     newestIrVersion());
  }
  if (model.ir_version() < kOldestIrVersion) {
    throwUnsupported("its format (ir_version {}) is from before opsets; export the model anew", model.ir_version());
  }
  std::map<std::string, int64_t> versions;
  for (const auto& import : model.opset_import()) {
    const std::string domain = import.domain() == "ai.onnx" ? "" : import.domain();
    const bool is_new = versions.emplace(domain, import.version()).second;
    if (!is_new && versions[domain] != import.version()) {
      throwBadInput("it imports the operators of domain '{}' in two versions, {} and {}", import.domain(),
                    versions[domain], import.version());
    }
    if (import.version() < 1 || import.version() > std::numeric_limits<int32_t>::max()) {
      throwBadInput("it imports version {} of domain '{}'", import.version(), import.domain());
    }
    if (domain.empty() && import.version() > newestOpset()) {
      throwUnsupported("its opset ({}) is newer than this program knows ({})", import.version(), newestOpset());
    }
  }
  if (versions.empty()) throwBadInput("it imports no opset");
}

void checkGraph(const Graph& graph) {
  checkInterface(graph.rest().graph());
  checkDeclaredConstants(graph);
  const auto context = makeContext(graph.rest());
  checkNodes(graph, context);
  if (graph.rest().functions_size() > 0) checkFunctions(graph.rest(), context);
}

}  // namespace quant
