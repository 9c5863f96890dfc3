// Times runs of models on our executor for scripts/bench, which talks to every runtime it compares in the same way:
// one process for each, that waits for commands, so that rounds can take turns.
//   load<TAB>NAME<TAB>MODEL<TAB>SAMPLES   reads a model and its samples; answers two times in milliseconds: from the
//   file
//                                         to something that can run, and the first run
//   run<TAB>NAME<TAB>COUNT                answers COUNT times, each of one run and nothing else; samples take turns
// The number of threads is OpenMP's (OMP_NUM_THREADS).
#include <charconv>
#include <chrono>
#include <iostream>
#include <map>
#include <optional>

#include "app/model_data.h"
#include "core/error.h"
#include "onnx_io/load.h"
#include "passes/pass.h"
#include "runtime/executor.h"

namespace quant {
namespace {

/// Milliseconds that `work` takes.
template <class Work>
double timed(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

class Model {
 public:
  Model(const std::string& path, const std::string& samples_folder) {
    std::optional<Graph> graph;
    load_time_ = timed([&] {
      graph = load(path);
      runPasses(*graph, preparationPasses());
      executor_.emplace(*graph);
    });
    const auto dataset = openDataset(samples_folder, inputSpecs(*graph));
    for (size_t i = 0; i < dataset->size(); ++i) samples_.push_back(dataset->load(i));
    first_run_time_ = run();
  }

  double run() {
    const Sample& sample = samples_[next_++ % samples_.size()];
    return timed([&] { executor_->run(sample.inputs); });
  }

  [[nodiscard]] double loadTime() const { return load_time_; }
  [[nodiscard]] double firstRunTime() const { return first_run_time_; }

 private:
  std::optional<Executor> executor_;
  std::vector<Sample> samples_;
  size_t next_ = 0;
  double load_time_ = 0, first_run_time_ = 0;
};

std::vector<std::string> splitAtTabs(const std::string& line) {
  std::vector<std::string> fields;
  for (size_t begin = 0; begin <= line.size();) {
    const size_t end = std::min(line.find('\t', begin), line.size());
    fields.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  return fields;
}

int toCount(const std::string& text) {
  int count = 0;
  std::from_chars(text.data(), text.data() + text.size(), count);
  if (count < 1) throwBadInput("'{}' is no number of runs", text);
  return count;
}

class Server {
 public:
  /// The line that answers `line`.
  std::string answer(const std::string& line) {
    const auto fields = splitAtTabs(line);
    if (fields.size() == 4 && fields[0] == "load") return loadModel(fields[1], fields[2], fields[3]);
    if (fields.size() == 3 && fields[0] == "run") return runModel(fields[1], toCount(fields[2]));
    throwBadInput("command '{}' is neither load NAME MODEL SAMPLES nor run NAME COUNT, with tabs between", line);
  }

 private:
  std::string loadModel(const std::string& name, const std::string& path, const std::string& samples) {
    const auto [entry, added] = models_.try_emplace(name, path, samples);
    if (!added) throwBadInput("there is a model '{}' already", name);
    return fmt::format("{:.4f} {:.4f}", entry->second.loadTime(), entry->second.firstRunTime());
  }

  std::string runModel(const std::string& name, int count) {
    const auto found = models_.find(name);
    if (found == models_.end()) throwBadInput("no model '{}' was loaded", name);
    std::string times;
    for (int i = 0; i < count; ++i) times += fmt::format("{:.4f} ", found->second.run());
    return times;
  }

  std::map<std::string, Model> models_;
};

}  // namespace
}  // namespace quant

int main() {
  try {
    quant::Server server;
    for (std::string line; std::getline(std::cin, line);) std::cout << server.answer(line) << std::endl;
    return 0;
  } catch (const quant::Error& error) {
    std::cerr << "latency_bench: " << error.what() << '\n';
    return static_cast<int>(error.code());
  }
}
