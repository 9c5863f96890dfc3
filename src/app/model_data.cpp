#include "app/model_data.h"

#include "dataset/preprocess_file.h"

namespace quant {

std::vector<InputSpec> inputSpecs(const Graph& graph) {
  std::vector<InputSpec> specs;
  for (const auto& name : graph.inputs()) {
    const ValueType type = graph.valueType(name).value_or(ValueType{});
    specs.push_back({name, type.type, type.shape.value_or(Shape{}), type.shape.has_value()});
  }
  return specs;
}

Preprocess requestedPreprocess(const Graph& graph, const PreprocessOptions& options) {
  Preprocess preprocess;
  const auto stored = options.json.empty() ? graph.metadata(kPreprocessKey) : std::optional(options.json);
  if (stored) {
    preprocess = preprocessFromJson(*stored, fmt::format("the model's metadata '{}'", kPreprocessKey));
  }
  if (!options.file.empty()) preprocess = loadPreprocess(options.file, preprocess);
  for (const auto& [field, text] : options.fields) setPreprocessField(preprocess, field, text);
  return preprocess;
}

std::unique_ptr<Dataset> openData(const Graph& graph, const DataOptions& options) {
  DatasetOptions dataset;
  dataset.preprocess = requestedPreprocess(graph, options.preprocess);
  dataset.max_samples = options.max_samples;
  if (!options.classes.empty()) dataset.classes_file = options.classes;
  return openDataset(options.folder, inputSpecs(graph), dataset);
}

}  // namespace quant
