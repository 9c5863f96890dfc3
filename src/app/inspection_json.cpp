#include <nlohmann/json.hpp>

#include "app/inspection.h"

namespace quant {

namespace {

using Json = nlohmann::ordered_json;

Json toJson(const std::vector<PortInfo>& ports) {
  Json list = Json::array();
  for (const PortInfo& port : ports) {
    Json sizes = nullptr;
    if (port.shape) {
      sizes = Json::array();
      for (size_t i = 0; i < port.sizes.size(); ++i) {
        const int64_t size = (*port.shape)[i];
        sizes.push_back(size >= 0 ? Json(size) : Json(port.sizes[i]));
      }
    }
    list.push_back({{"name", port.name}, {"type", toString(port.type)}, {"shape", std::move(sizes)}});
  }
  return list;
}

Json toJson(const LayerInfo& layer) {
  return {{"node", layer.node},
          {"op", layer.op_type},
          {"precision", layer.precision},
          {"weights_shape", layer.weights},
          {"parameters", layer.parameters},
          {"macs", layer.macs ? Json(*layer.macs) : Json(nullptr)}};
}

}  // namespace

std::string inspectionJson(const Inspection& inspection, const std::string& path, uint64_t bytes) {
  Json constants = Json::array(), layers = Json::array();
  for (const auto& [type, info] : inspection.constants) {
    constants.push_back(
        {{"type", toString(type)}, {"count", info.count}, {"elements", info.elements}, {"bytes", info.bytes}});
  }
  int64_t macs = 0;
  for (const LayerInfo& layer : inspection.layers) {
    layers.push_back(toJson(layer));
    macs += layer.macs.value_or(0);
  }
  const Json json = {
      {"format", "quantize-inspection"},
      {"version", 1},
      {"model", {{"path", path}, {"bytes", bytes}}},
      {"opset", inspection.opset},
      {"other_opsets", inspection.other_opsets},
      {"ir_version", inspection.ir_version},
      {"producer", inspection.producer},
      {"metadata", inspection.metadata},
      {"inputs", toJson(inspection.inputs)},
      {"outputs", toJson(inspection.outputs)},
      {"operators", inspection.operators},
      {"constants", std::move(constants)},
      {"parameters", inspection.parameters},
      {"macs", macs},
      {"assumed_sizes", inspection.sizes},
      {"layers", std::move(layers)},
  };
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace quant
