#include "app/isa_effects_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace quant {

namespace {

std::string accuracyText(const ModelResult& model) {
  if (!model.isa->same_top1) return "";
  std::string text = fmt::format("  same top-1 as exact sums: {:.2f} %", *model.isa->same_top1);
  if (!model.accuracy || !model.isa->accuracy) return text + "\n";
  return text + fmt::format("; top-1 {:.2f} % instead of {:.2f} %\n", model.isa->accuracy->top1Percent(),
                            model.accuracy->top1Percent());
}

std::string rowText(const LayerEffect& layer, size_t width) {
  return fmt::format("  {:<{}}  {:<16}  {:>7.2f} %  {:>7.0f}  {:>5.1f} dB\n", layer.node, width, layer.op_type,
                     100 * layer.changed, layer.max_change, layer.sqnr);
}

}  // namespace

std::string isaEffectsText(const ModelResult& model) {
  const IsaEffects& effects = model.isa->effects;
  if (effects.layers.empty()) return fmt::format("{} has no int8 layers\n", model.name);
  std::string text = fmt::format(
      "{} in other programs on CPUs without VNNI, whose sums of two products saturate in 16 bits\n", model.name);
  text += accuracyText(model);
  std::vector<const LayerEffect*> changed;
  size_t width = 5;
  for (const LayerEffect& layer : effects.layers) {
    if (layer.changed == 0) continue;
    changed.push_back(&layer);
    width = std::max(width, layer.node.size());
  }
  text += fmt::format("  {} of {} int8 layers change, given exact inputs ({} samples)\n", changed.size(),
                      effects.layers.size(), effects.samples);
  if (changed.empty()) return text;
  text +=
      fmt::format("  {:<{}}  {:<16}  {:>9}  {:>7}  {:>8}\n", "layer", width, "runs as", "changed", "by up to", "SQNR");
  for (const LayerEffect* layer : changed) text += rowText(*layer, width);
  return text + "  changed: share of the layer's results; by up to: levels of its scale\n";
}

}  // namespace quant
