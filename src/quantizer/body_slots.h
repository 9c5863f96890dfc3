#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

namespace quant {

/// A place in a graph that is held by an If, Loop or Scan: number `index` of the inputs or outputs of body `body`.
struct BodyPort {
  int body = 0;
  int index = 0;
};

/// Values in and around the bodies of one node that are always of one type: what a Loop carries from one round to the
/// next, what both branches of an If give.
struct BodySlot {
  int input = -1;   ///< of the node, or -1
  int output = -1;  ///< of the node, or -1
  std::vector<BodyPort> body_inputs, body_outputs;
};

/// True for If, Loop and Scan.
bool hasBodySlots(const onnx::NodeProto& node);

/// All of the node's slots, the counter and conditions of a Loop not among them.
std::vector<BodySlot> bodySlotsOf(const onnx::NodeProto& node);

/// The graphs that `node` holds, with the names of the attributes that hold them, in the file's order.
struct NamedBody {
  std::string name;
  const onnx::GraphProto* graph;
};
std::vector<NamedBody> bodiesOf(const onnx::NodeProto& node);
std::vector<onnx::GraphProto*> mutableBodiesOf(onnx::NodeProto& node);

}  // namespace quant
