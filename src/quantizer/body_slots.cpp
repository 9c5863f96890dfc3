#include "quantizer/body_slots.h"

#include <algorithm>

namespace quant {

namespace {

bool isOnnx(const onnx::NodeProto& node) { return node.domain().empty() || node.domain() == "ai.onnx"; }

int attribute(const onnx::NodeProto& node, const char* name) {
  for (const auto& attr : node.attribute()) {
    if (attr.name() == name) return static_cast<int>(attr.i());
  }
  return 0;
}

std::vector<BodySlot> slotsOfIf(const onnx::NodeProto& node) {
  std::vector<BodySlot> slots;
  const int branches = static_cast<int>(bodiesOf(node).size());
  for (int i = 0; i < node.output_size(); ++i) {
    BodySlot slot;
    slot.output = i;
    for (int branch = 0; branch < branches; ++branch) slot.body_outputs.push_back({branch, i});
    slots.push_back(std::move(slot));
  }
  return slots;
}

/// Loop and Scan alike: `states` values go round, behind `skipped_inputs` of the node, `body_inputs` and
/// `body_outputs` of the body that are no states; then come what a Scan reads and what both gather.
std::vector<BodySlot> slotsOfRounds(const onnx::NodeProto& node, int states, int skipped_inputs, int body_inputs,
                                    int body_outputs) {
  std::vector<BodySlot> slots;
  for (int i = 0; i < states; ++i) {
    slots.push_back(
        {skipped_inputs + i, i < node.output_size() ? i : -1, {{0, body_inputs + i}}, {{0, body_outputs + i}}});
  }
  for (int i = skipped_inputs + states; i < node.input_size(); ++i) {
    slots.push_back({i, -1, {{0, body_inputs + i - skipped_inputs}}, {}});
  }
  for (int i = states; i < node.output_size(); ++i) slots.push_back({-1, i, {}, {{0, body_outputs + i}}});
  return slots;
}

}  // namespace

bool hasBodySlots(const onnx::NodeProto& node) {
  return isOnnx(node) && (node.op_type() == "If" || node.op_type() == "Loop" || node.op_type() == "Scan");
}

std::vector<BodySlot> bodySlotsOf(const onnx::NodeProto& node) {
  if (node.op_type() == "If") return slotsOfIf(node);
  if (node.op_type() == "Loop") return slotsOfRounds(node, std::max(node.input_size() - 2, 0), 2, 2, 1);
  return slotsOfRounds(node, node.input_size() - attribute(node, "num_scan_inputs"), 0, 0, 0);
}

std::vector<NamedBody> bodiesOf(const onnx::NodeProto& node) {
  std::vector<NamedBody> bodies;
  for (const auto& attr : node.attribute()) {
    if (attr.has_g()) bodies.push_back({attr.name(), &attr.g()});
    for (const auto& graph : attr.graphs()) bodies.push_back({attr.name(), &graph});
  }
  return bodies;
}

std::vector<onnx::GraphProto*> mutableBodiesOf(onnx::NodeProto& node) {
  std::vector<onnx::GraphProto*> bodies;
  for (auto& attr : *node.mutable_attribute()) {
    if (attr.has_g()) bodies.push_back(attr.mutable_g());
    for (auto& graph : *attr.mutable_graphs()) bodies.push_back(&graph);
  }
  return bodies;
}

}  // namespace quant
