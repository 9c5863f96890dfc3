#include "app/model_data.h"

#include "dataset/generated_dataset.h"
#include "dataset/preprocess_file.h"

namespace quant {

namespace {

/// The last index that every Gather which reads `input` allows; nothing when none does.
std::optional<int64_t> largestIndex(const Graph& graph, const std::string& input) {
  std::optional<int64_t> largest;
  for (const Node* node : graph.consumers(input)) {
    if (!node->is("Gather") || node->input(1) != input) continue;
    const auto data = graph.valueType(node->input(0));
    if (!data || !data->shape || data->shape->empty()) continue;
    const int64_t axis = node->attr("axis", int64_t{0});
    const int64_t size = data->shape->at(static_cast<size_t>(axis < 0 ? axis + std::ssize(*data->shape) : axis));
    if (size > 0) largest = std::min(largest.value_or(size - 1), size - 1);
  }
  return largest;
}

}  // namespace

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
  if (!options.labels.empty()) dataset.labels_file = options.labels;
  return openDataset(options.folder, inputSpecs(graph), dataset);
}

std::unique_ptr<Dataset> madeUpData(const Graph& graph, size_t count) {
  std::vector<GeneratedInput> inputs;
  for (InputSpec& spec : inputSpecs(graph)) {
    GeneratedInput input{std::move(spec)};
    for (size_t axis = 0; axis < input.spec.shape.size(); ++axis) {
      input.size_names.push_back(graph.sizeName(input.spec.name, static_cast<int64_t>(axis)));
    }
    input.largest = largestIndex(graph, input.spec.name);
    inputs.push_back(std::move(input));
  }
  return std::make_unique<GeneratedDataset>(std::move(inputs), count);
}

}  // namespace quant
