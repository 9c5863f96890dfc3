#pragma once

#include <onnx/onnx_pb.h>

#include <string>

#include "core/error.h"

namespace quant {

/// What messages call a node: its name, or its first output's name where it has none.
inline std::string labelOf(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  return fmt::format("(output {})", node.output().empty() ? "" : node.output(0));
}

/// Runs `action` and puts "label" in front of the error that it throws.
template <class Action>
void labelled(const std::string& label, Action action) {
  try {
    action();
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{} {}", label, error.what()));
  }
}

}  // namespace quant
