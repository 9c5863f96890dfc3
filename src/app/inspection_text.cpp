#include <algorithm>
#include <numeric>

#include "app/inspection.h"
#include "core/files.h"

namespace quant {

namespace {

constexpr size_t kMostNodeWidth = 44;

/// "4.65 M", "512"
std::string countText(int64_t count) {
  const auto number = static_cast<double>(count);
  if (count >= 1'000'000'000) return fmt::format("{:.2f} G", number * 1e-9);
  if (count >= 1'000'000) return fmt::format("{:.2f} M", number * 1e-6);
  if (count >= 10'000) return fmt::format("{:.1f} k", number * 1e-3);
  return fmt::format("{}", count);
}

std::string line(std::string_view title, const std::string& text) { return fmt::format("  {:<11}{}\n", title, text); }

std::string portsText(std::string_view title, const std::vector<PortInfo>& ports) {
  size_t width = 0;
  for (const PortInfo& port : ports) width = std::max(width, port.name.size());
  std::string text;
  for (const PortInfo& port : ports) {
    const std::string shape = port.shape ? fmt::format("[{}]", fmt::join(port.sizes, ", ")) : "of unknown shape";
    text += line(text.empty() ? title : "", fmt::format("{:<{}}  {} {}", port.name, width, toString(port.type), shape));
  }
  return text;
}

/// "49 Conv, 10 Add", most frequent first.
std::string countsText(const std::map<std::string, int>& counts) {
  std::vector<std::pair<std::string, int>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater<>(), [](const auto& entry) { return entry.second; });
  std::vector<std::string> parts;
  for (const auto& [name, count] : sorted) parts.push_back(fmt::format("{} {}", count, name));
  return fmt::format("{}", fmt::join(parts, ", "));
}

/// "a, b, c" in lines of at most 90 characters.
std::string listText(std::string_view title, const std::string& list) {
  constexpr size_t kWidth = 90;
  std::string text, rest = list;
  while (rest.size() > kWidth) {
    const size_t end = rest.rfind(", ", kWidth);
    if (end == std::string::npos) break;
    text += line(text.empty() ? title : "", rest.substr(0, end + 1));
    rest.erase(0, end + 2);
  }
  return text + line(text.empty() ? title : "", rest);
}

std::string constantsText(const Inspection& inspection) {
  std::vector<std::string> parts;
  std::vector<std::pair<DataType, ConstantsInfo>> sorted(inspection.constants.begin(), inspection.constants.end());
  std::ranges::stable_sort(sorted, std::greater<>(), [](const auto& entry) { return entry.second.bytes; });
  for (const auto& [type, constants] : sorted) {
    parts.push_back(fmt::format("{} {} ({})", humanSize(constants.bytes), toString(type), constants.count));
  }
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

int64_t totalMacs(const Inspection& inspection) {
  return std::accumulate(inspection.layers.begin(), inspection.layers.end(), int64_t{0},
                         [](int64_t sum, const LayerInfo& layer) { return sum + layer.macs.value_or(0); });
}

std::string macsText(const Inspection& inspection) {
  const auto unknown = std::ranges::count_if(inspection.layers, [](const auto& layer) { return !layer.macs; });
  std::string text = countText(totalMacs(inspection));
  std::map<std::string, int64_t> by_precision;
  for (const LayerInfo& layer : inspection.layers) {
    if (layer.macs.value_or(0) > 0) by_precision[layer.precision] += *layer.macs;
  }
  std::vector<std::string> parts;
  for (const auto& [precision, macs] : by_precision) {
    const double share = 100.0 * static_cast<double>(macs) / static_cast<double>(totalMacs(inspection));
    parts.push_back(fmt::format("{:.1f} % {}", share, precision));
  }
  if (!parts.empty()) text += fmt::format(": {}", fmt::join(parts, ", "));
  parts.clear();
  for (const auto& [name, size] : inspection.sizes) parts.push_back(fmt::format("{} = {}", name, size));
  if (!parts.empty()) text += fmt::format("; with {}", fmt::join(parts, ", "));
  return unknown == 0 ? text : text + fmt::format("; without {} layer(s) of unknown shape", unknown);
}

/// "int8: 49 Conv, 1 Gemm", for precisions that are no plain floats.
std::string quantizedText(const Inspection& inspection) {
  std::map<std::string, std::map<std::string, int>> found;
  for (const LayerInfo& layer : inspection.layers) {
    if (layer.precision.find("int") != std::string::npos) ++found[layer.precision][layer.op_type];
  }
  std::vector<std::string> parts;
  for (const auto& [precision, counts] : found) parts.push_back(fmt::format("{}: {}", precision, countsText(counts)));
  return parts.empty() ? "nothing" : fmt::format("{}", fmt::join(parts, "; "));
}

/// The end of a long name says more than its beginning.
std::string shortened(const std::string& name) {
  return name.size() <= kMostNodeWidth ? name : "..." + name.substr(name.size() - kMostNodeWidth + 3);
}

std::string layerTable(const Inspection& inspection, size_t most_layers) {
  std::vector<const LayerInfo*> layers;
  for (const LayerInfo& layer : inspection.layers) layers.push_back(&layer);
  const auto size = [](const LayerInfo* layer) { return std::pair(layer->macs.value_or(0), layer->parameters); };
  std::ranges::stable_sort(layers, std::greater<>(), size);
  const bool all = layers.size() <= most_layers;
  layers.resize(std::min(layers.size(), most_layers));
  if (layers.empty()) return "";

  size_t node_width = 4, op_width = 2, weights_width = 7;
  const auto weightsText = [](const LayerInfo* layer) {
    return layer->weights.empty() ? "-" : fmt::format("{}", fmt::join(layer->weights, " x "));
  };
  for (const LayerInfo* layer : layers) {
    node_width = std::max(node_width, shortened(layer->node).size());
    op_width = std::max(op_width, layer->op_type.size());
    weights_width = std::max(weights_width, weightsText(layer).size());
  }
  std::string text = fmt::format("\n  {:<{}}  {:<{}}  {:<{}}  {:>10}  {:>9}  {:>7}  {}\n", "node", node_width, "op",
                                 op_width, "weights", weights_width, "parameters", "MACs", "share", "precision");
  const auto total = static_cast<double>(std::max<int64_t>(totalMacs(inspection), 1));
  for (const LayerInfo* layer : layers) {
    const std::string macs = layer->macs ? countText(*layer->macs) : "?";
    const double share = 100.0 * static_cast<double>(layer->macs.value_or(0)) / total;
    const std::string share_text = layer->macs ? fmt::format("{:.1f} %", share) : "-";
    text += fmt::format("  {:<{}}  {:<{}}  {:<{}}  {:>10}  {:>9}  {:>7}  {}\n", shortened(layer->node), node_width,
                        layer->op_type, op_width, weightsText(layer), weights_width, countText(layer->parameters), macs,
                        share_text, layer->precision);
  }
  if (!all)
    text +=
        fmt::format("  ... {} of {} layers, by MACs; --all shows every one\n", layers.size(), inspection.layers.size());
  return text;
}

}  // namespace

std::string inspectionText(const Inspection& inspection, size_t most_layers) {
  std::string opset = fmt::format("{}, IR {}", inspection.opset, inspection.ir_version);
  for (const auto& [domain, version] : inspection.other_opsets) opset += fmt::format(", {} {}", domain, version);
  std::string text = line("opset", opset);
  if (!inspection.producer.empty()) text += line("written by", inspection.producer);
  for (const auto& [key, value] : inspection.metadata) {
    if (key.starts_with("quantize.") && value.size() < 80) text += line("", fmt::format("{} = {}", key, value));
  }
  text += portsText("inputs", inspection.inputs) + portsText("outputs", inspection.outputs);
  const int nodes = std::accumulate(inspection.operators.begin(), inspection.operators.end(), 0,
                                    [](int sum, const auto& entry) { return sum + entry.second; });
  text += listText("operators", fmt::format("{} nodes: {}", nodes, countsText(inspection.operators)));
  text += line("parameters", countText(inspection.parameters));
  text += line("constants", constantsText(inspection));
  text += line("MACs", macsText(inspection));
  text += line("quantized", quantizedText(inspection));
  return text + layerTable(inspection, most_layers);
}

}  // namespace quant
