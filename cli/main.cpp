#include <fcntl.h>
#include <omp.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "app/compare_command.h"
#include "app/eval_command.h"
#include "app/inspect_command.h"
#include "app/quantize_command.h"
#include "app/recommend_command.h"
#include "completion.h"
#include "core/error.h"
#include "core/interrupt.h"
#include "flags.h"
#include "help.h"
#include "man_page.h"
#include "parse_errors.h"
#include "progress_bar.h"

namespace quant {

namespace {

constexpr int kInterrupted = 130;  // what shells give a process that Ctrl-C ended

constexpr const char* kUsage = R"(quantize MODEL                                (what suits this model?)
       quantize MODEL --mode NAME [FLAGS]
       quantize eval MODEL... --data DIR [FLAGS]     (see quantize eval --help)
       quantize compare A B --data DIR [FLAGS]       (see quantize compare --help)
       quantize inspect MODEL [FLAGS]                (see quantize inspect --help)
       quantize completion bash|zsh|fish             (a script that completes flags)
       quantize man                                  (the manual page: quantize man | man -l -))";
constexpr const char* kEvalUsage = "quantize eval MODEL... --data DIR [FLAGS]";

constexpr const char* kExamples = R"(Examples:
  quantize model.onnx
  quantize model.onnx --mode fp16
  quantize model.onnx --mode ptq-int8 --calib-data pictures/ --preset imagenet
  quantize model.onnx --mode ptq-int8 --calib-data samples/ --calib-method kl --report small.html
  quantize model.onnx --mode ptq-int8 --calib-data pictures/ --exclude-node 'head/*' --dry-run
  quantize eval model.onnx model.int8.onnx --data validation/

Exit codes: 0 done, 1 a check failed, 2 bad input or usage, 3 the model has operators that cannot
be run here, 70 a bug in quantize, 130 interrupted.)";

constexpr const char* kEvalExamples = R"(Examples:
  quantize eval model.onnx model.int8.onnx --data validation/
  quantize eval model.int8.onnx --baseline model.onnx --data pictures/ --labels labels.csv
  quantize eval model.onnx model.int8.onnx --data validation/ --fail-if "top1_drop > 1.0"
      --fail-if "p50 > 5 ms" --report eval.json --report eval.md
  quantize eval model.onnx model.int8.onnx --data validation/ --layers --batch-sizes 1,8
  quantize eval model.int8.onnx --data validation/ --isa-effects

`same` is how often a model names the same class as the baseline; `lost` and `gained` count samples
that only one of the two gets right. docs/eval.md explains every number and the names for --fail-if.)";

constexpr const char* kCompareUsage = "quantize compare A B --data DIR [FLAGS]";

constexpr const char* kCompareExamples = R"(Examples:
  quantize compare model.onnx model.int8.onnx --data pictures/
  quantize compare model.onnx model.int8.onnx --data pictures/ --samples 64 --below 15
  quantize compare before.onnx after.onnx --data samples/ --json | jq .largest_added_losses

Follows both models from their inputs and compares each value that they have in common, whatever
its name. `arrives` is what is left of a node's inputs, `added` what the node itself loses.
docs/compare.md explains every number.)";

constexpr const char* kInspectUsage = "quantize inspect MODEL [FLAGS]";

constexpr const char* kInspectExamples = R"(Examples:
  quantize inspect model.onnx
  quantize inspect model.onnx --size sequence=128 --all
  quantize inspect model.int8.onnx --json

Nothing is run. The table: parameters and multiply-accumulates of a layer, and what it computes
with.)";

constexpr const char* kCompletionExamples = R"(Examples:
  source <(quantize completion bash)
  quantize completion zsh > ~/.zsh/completions/_quantize      (a folder of $fpath)
  quantize completion fish > ~/.config/fish/completions/quantize.fish)";

constexpr const char* kManExamples = R"(Examples:
  quantize man | man -l -)";

struct GlobalOptions {
  bool quiet = false, verbose = false;
  int threads = 0;
};

void declareGlobalFlags(CLI::App& app, GlobalOptions& options) {
  auto* quiet = app.add_flag("-q,--quiet", options.quiet, "Print nothing but results that were asked for, and errors");
  app.add_flag("-v,--verbose", options.verbose, "Say more")->excludes(quiet);
  app.add_option("--threads", options.threads, "Threads to use (default: all cores)")
      ->type_name("N")
      ->check(aboveZero());
}

/// A file that is opened while standard input, output or error is closed would take its number, and what is printed
/// would go into that file.
void openMissingStreams() {
  int number = 0;
  do {
    number = ::open("/dev/null", O_RDWR);
  } while (number >= 0 && number <= STDERR_FILENO);
  if (number >= 0) ::close(number);
}

/// Of the flags: help and version go to standard output; anything else is one line.
ExitCode reportParse(const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() != 0) throwBadInput("{}", explained(app, error));
  app.exit(error);
  return ExitCode::kOk;
}

/// Names in a damaged or hostile file may hold any byte, also those that move a terminal's cursor; lines may stay.
std::string forTerminal(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return c != '\n' && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F); }, '?');
  return text;
}

/// Without a mode nothing is written: who asks for a file, or for a plan, has to name one.
void requireMode(const CLI::App& app) {
  for (const char* flag : {"--output", "--report", "--save-ranges", "--dry-run"}) {
    if (app.count(flag) == 0) continue;
    throwBadInput("{} needs a mode: add --mode NAME (`quantize MODEL` alone says which one suits the model)", flag);
  }
}

/// A full disk behind `quantize --dry-run > plan.txt` must not look like success.
void requirePrinted() {
  if (!std::cout.flush()) throwBadInput("cannot write to standard output");
}

void applyGlobal(const GlobalOptions& options) {
  auto logger = spdlog::stderr_color_mt("quantize");
  logger->set_pattern("%^quantize: %v%$");
  logger->set_level(options.verbose ? spdlog::level::debug : options.quiet ? spdlog::level::err : spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
  if (options.threads > 0) omp_set_num_threads(options.threads);
}

CLI::App& addCommand(CLI::App& app, const char* name, const char* description, const char* usage, const char* footer) {
  CLI::App& command = *app.add_subcommand(name, description);
  command.formatter(std::make_shared<HelpFormatter>(usage));
  command.footer(footer);
  return command;
}

/// `quantize completion SHELL`, `quantize man`: what the program tells about itself.
void declareSelfCommands(CLI::App& app, std::string& shell) {
  addCommand(app, "completion", "Print a script that completes commands, flags and values in a shell",
             "quantize completion bash|zsh|fish", kCompletionExamples)
      .add_option("shell", shell, "bash, zsh or fish")
      ->type_name("SHELL")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(kShells.begin(), kShells.end())));
  addCommand(app, "man", "Print the manual page", "quantize man", kManExamples);
}

/// What the flags of every command fill in.
struct CommandLine {
  GlobalOptions global;
  QuantizeOptions quantize;
  EvalOptions eval;
  CompareOptions compare;
  InspectOptions inspect;
  std::string shell;
};

void declare(CLI::App& app, CommandLine& line) {
  app.footer(kExamples);
  app.formatter(std::make_shared<HelpFormatter>(kUsage));
  app.set_help_flag("-h,--help", "Print this help");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", "quantize " QUANTIZE_VERSION, "Print the version");
  line.quantize.calibration.method = kDefaultCalibrationMethod;
  line.quantize.data.max_samples = kDefaultCalibrationSamples;
  declareGlobalFlags(app, line.global);
  declareQuantizeFlags(app, line.quantize);
  CLI::App& eval =
      addCommand(app, "eval", "Compare models on the same samples: accuracy, latency, size", kEvalUsage, kEvalExamples);
  declareGlobalFlags(eval, line.global);
  declareEvalFlags(eval, line.eval);
  CLI::App& compare = addCommand(app, "compare", "Show value by value where two forms of one network part",
                                 kCompareUsage, kCompareExamples);
  declareGlobalFlags(compare, line.global);
  declareCompareFlags(compare, line.compare);
  CLI::App& inspect = addCommand(app, "inspect", "Show what stands in a model: operators, weights, MACs, precision",
                                 kInspectUsage, kInspectExamples);
  declareGlobalFlags(inspect, line.global);
  declareInspectFlags(inspect, line.inspect);
  declareSelfCommands(app, line.shell);
}

ExitCode runCommand(const CLI::App& app, const CommandLine& line) {
  const Console console{std::cout,
                        [&](const std::string& title) { return line.global.quiet ? nullptr : progressBar(title); },
                        line.global.quiet};
  if (app.got_subcommand("eval")) return evalCommand(line.eval, console);
  if (app.got_subcommand("compare")) return compareCommand(line.compare, console);
  if (app.got_subcommand("inspect")) return inspectCommand(line.inspect, console);
  if (app.got_subcommand("man") || app.got_subcommand("completion")) {
    std::cout << (app.got_subcommand("man") ? manPage(app, QUANTIZE_VERSION) : completionScript(app, line.shell));
    return ExitCode::kOk;
  }
  if (app.count("--mode") > 0) return quantizeCommand(line.quantize, console);
  requireMode(app);
  return recommendCommand(line.quantize, console);
}

int parseAndRun(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "Usage: " << kUsage << "\n\n" << kExamples << '\n';
    return static_cast<int>(ExitCode::kBadInput);
  }
  CLI::App app{"Makes neural networks small and fast: ONNX in, quantized standard ONNX out.", "quantize"};
  CommandLine line;
  declare(app, line);
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty() && line.quantize.model.empty()) throw CLI::RequiredError("a MODEL");
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(reportParse(app, error));
  }
  applyGlobal(line.global);
  line.eval.version = QUANTIZE_VERSION;
  line.eval.arguments.assign(argv + 1, argv + argc);
  const ExitCode code = runCommand(app, line);
  requirePrinted();
  return static_cast<int>(code);
}

}  // namespace

}  // namespace quant

int main(int argc, char** argv) {
  quant::openMissingStreams();
  quant::catchInterrupts();
  try {
    return quant::parseAndRun(argc, argv);
  } catch (const quant::Error& error) {
    std::cerr << "quantize: " << quant::forTerminal(error.what()) << '\n';
    return static_cast<int>(error.code());
  } catch (const quant::Interrupted& interrupted) {
    std::cerr << "quantize: " << quant::forTerminal(interrupted.what()) << '\n';
    return quant::kInterrupted;
  } catch (const std::bad_alloc&) {
    std::cerr << "quantize: out of memory\n";
    return static_cast<int>(quant::ExitCode::kInternal);
  } catch (const std::exception& error) {
    std::cerr << "quantize: internal error: " << quant::forTerminal(error.what()) << '\n';
    return static_cast<int>(quant::ExitCode::kInternal);
  }
}
