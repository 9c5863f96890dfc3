#include "app/inspect_command.h"

#include <limits>

#include "app/inspection.h"
#include "core/files.h"
#include "onnx_io/load.h"

namespace quant {

ExitCode inspectCommand(const InspectOptions& options, const Console& console) {
  constexpr size_t kLayersOnAScreen = 12;
  const Inspection inspection = inspect(load(options.model), options.sizes);
  const uint64_t bytes = std::filesystem::file_size(options.model);
  if (options.json) {
    console.out << inspectionJson(inspection, options.model.string(), bytes);
    return ExitCode::kOk;
  }
  const size_t most = options.all_layers ? std::numeric_limits<size_t>::max() : kLayersOnAScreen;
  console.out << fmt::format("{} ({})\n", options.model.string(), humanSize(bytes)) << inspectionText(inspection, most);
  return ExitCode::kOk;
}

}  // namespace quant
