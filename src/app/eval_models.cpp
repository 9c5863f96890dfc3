#include "app/eval_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "app/model_data.h"
#include "app/resources.h"
#include "core/sha256.h"
#include "core/workers.h"
#include "dataset/folder_listing.h"
#include "dataset/preprocess_file.h"
#include "onnx_io/densify.h"
#include "onnx_io/load.h"
#include "onnx_io/model_file.h"
#include "passes/pass.h"
#include "runtime/runnable_part.h"

namespace quant {

namespace {

namespace fs = std::filesystem;

/// Paths that lead to the same file are the same model.
bool isSameFile(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  return fs::equivalent(a, b, ignored);
}

std::vector<std::string> shortNames(const std::vector<fs::path>& paths) {
  std::vector<std::string> names;
  for (size_t i = 0; i < paths.size(); ++i) {
    const auto same_name = [&](const fs::path& other) { return other.filename() == paths[i].filename(); };
    const bool is_unique = std::ranges::count_if(paths, same_name) == 1;
    std::string name = is_unique ? paths[i].filename().string() : paths[i].string();
    const auto taken =
        static_cast<size_t>(std::count(paths.begin(), paths.begin() + static_cast<ptrdiff_t>(i), paths[i]));
    if (taken > 0) name += fmt::format(" ({})", taken + 1);
    names.push_back(std::move(name));
  }
  return names;
}

/// The file, and the files beside it that its initializers lie in.
uint64_t bytesOf(const fs::path& path) {
  std::set<fs::path> files = {path};
  const onnx::ModelProto model = readModelFile(path);
  for (const auto& tensor : model.graph().initializer()) {
    for (const auto& entry : tensor.external_data()) {
      if (entry.key() == "location") files.insert(path.parent_path() / entry.value());
    }
  }
  uint64_t bytes = 0;
  for (const fs::path& file : files) {
    std::error_code missing;
    const auto size = fs::file_size(file, missing);
    if (!missing) bytes += size;
  }
  return bytes;
}

/// What the first model that says it says of pictures, without the layout, which each model has of its own.
std::string borrowedPreprocess(const std::vector<EvalModel>& models) {
  for (const EvalModel& model : models) {
    if (!model.graph.metadata(kPreprocessKey)) continue;
    Preprocess preprocess = requestedPreprocess(model.graph, {});
    preprocess.layout = PixelLayout::kAuto;
    return toJson(preprocess);
  }
  return "";
}

}  // namespace

ModelList listModels(std::vector<fs::path> models, const fs::path& baseline) {
  ModelList list{std::move(models), {}, {}};
  size_t position = 0;
  if (!baseline.empty()) {
    const auto found =
        std::ranges::find_if(list.paths, [&](const fs::path& path) { return isSameFile(path, baseline); });
    position = static_cast<size_t>(found - list.paths.begin());
    if (found == list.paths.end()) {
      list.paths.insert(list.paths.begin(), baseline);
      position = 0;
    }
  }
  list.names = shortNames(list.paths);
  if (list.paths.size() > 1) list.baseline = position;
  return list;
}

EvalModel loadEvalModel(const fs::path& path) {
  const Stopwatch watch;
  Graph graph = load(path);
  densifyInitializers(graph);
  runPasses(graph, preparationPasses());
  const double milliseconds = 1000 * watch.seconds();
  return {std::move(graph), nullptr, milliseconds, bytesOf(path)};
}

std::vector<std::string> keepRunnable(std::vector<EvalModel>& models, const std::vector<std::string>& names,
                                      std::optional<size_t> baseline) {
  const Graph& first = models[baseline.value_or(0)].graph;
  const auto part = runnablePart(first);
  std::vector<std::string> lines;
  std::set<std::string> left_out;
  std::vector<std::optional<RunnablePart>> parts(models.size());
  for (size_t i = 0; i < models.size(); ++i) {
    const bool is_compared = baseline && i != *baseline;
    parts[i] = runnablePartLike(first, is_compared && part ? &*part : nullptr, models[i].graph);
    left_out.insert(parts[i] ? parts[i]->description() : "");
    if (parts[i]) lines.push_back(fmt::format("not run in '{}': {}", names[i], parts[i]->description()));
  }
  if (left_out.size() == 1 && !lines.empty()) lines = {"not run: " + *left_out.begin()};
  for (size_t i = 0; i < models.size(); ++i) {
    if (parts[i]) models[i].graph = std::move(parts[i]->graph);
  }
  return lines;
}

void openEvalData(std::vector<EvalModel>& models, const DataOptions& options) {
  const std::string borrowed = borrowedPreprocess(models);
  for (EvalModel& model : models) {
    DataOptions own = options;
    if (!model.graph.metadata(kPreprocessKey)) own.preprocess.json = borrowed;
    model.dataset = openData(model.graph, own);
  }
}

std::string hashOfData(const DataOptions& options) {
  const FolderListing listing = listFolder(options.folder);
  std::vector<std::string> hashes(listing.files.size());
  forEachIndex(hashes.size(), {}, [&](size_t i) { hashes[i] = sha256OfFile(listing.files[i].path); });
  std::string text;
  for (size_t i = 0; i < hashes.size(); ++i) text += fmt::format("{}  {}\n", hashes[i], listing.files[i].name);
  if (!options.labels.empty()) {
    text += fmt::format("{}  {}\n", sha256OfFile(options.labels), options.labels.filename().string());
  }
  Sha256 hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.finish();
}

}  // namespace quant
