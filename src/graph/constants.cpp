#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "graph/graph.h"
#include "graph/tensor_proto.h"

// The part of Graph that holds constants.

namespace quant {

namespace {

Tensor make(const DerivedConstant& constant, const std::string& name) {
  Tensor tensor(constant.type, constant.shape);
  size_t filled = 0;
  constant.produce([&](std::span<const std::byte> bytes) {
    if (bytes.size() > tensor.byteSize() - filled) throwInternal("'{}' was made with too many elements", name);
    std::memcpy(static_cast<std::byte*>(tensor.bytes()) + filled, bytes.data(), bytes.size());
    filled += bytes.size();
  });
  if (filled != tensor.byteSize()) throwInternal("{} of {} bytes of '{}' were made", filled, tensor.byteSize(), name);
  return tensor;
}

}  // namespace

const Tensor* Graph::constant(const std::string& value) const {
  const auto found = constants_.find(value);
  if (found == constants_.end()) return nullptr;
  const Constant& constant = found->second;
  if (!constant.tensor) {
    constant.tensor = constant.derived ? make(*constant.derived, value)
                                       : tensorFromProto(std::shared_ptr<const onnx::TensorProto>(constant.proto));
  }
  return &*constant.tensor;
}

bool Graph::isDerived(const std::string& value) const {
  const auto found = constants_.find(value);
  return found != constants_.end() && found->second.derived != nullptr;
}

void Graph::readConstant(const std::string& value, const ByteSink& sink) const {
  const Constant& constant = constants_.at(value);
  if (constant.derived && !constant.tensor) return constant.derived->produce(sink);
  const Tensor& tensor = *this->constant(value);
  sink({static_cast<const std::byte*>(tensor.bytes()), tensor.byteSize()});
}

const onnx::TensorProto* Graph::constantProto(const std::string& value) const {
  const auto found = constants_.find(value);
  return found == constants_.end() ? nullptr : found->second.proto.get();
}

std::vector<std::string> Graph::constants() const {
  std::vector<std::string> names;
  for (const auto& [name, constant] : constants_) names.push_back(name);
  std::ranges::sort(names, {}, [&](const std::string& name) { return constants_.at(name).position; });
  return names;
}

std::string Graph::addConstant(const std::string& base_name, Tensor tensor) {
  std::string name = uniqueName(base_name);
  defineConstant(name, std::move(tensor));
  return name;
}

std::string Graph::addConstant(const std::string& base_name, DerivedConstant constant) {
  std::string name = uniqueName(base_name);
  defineConstant(name, std::move(constant));
  return name;
}

Graph::Constant& Graph::declareConstant(const std::string& name, DataType type, const Shape& shape) {
  if (constants_.contains(name) || producers_.contains(name)) throwInternal("'{}' has a producer already", name);
  auto proto = std::make_shared<onnx::TensorProto>();
  proto->set_name(name);
  proto->set_data_type(static_cast<int32_t>(type));
  for (const int64_t size : shape) proto->add_dims(size);
  types_[name] = {type, shape};
  return constants_[name] = {std::move(proto), {}, true, next_position_++, nullptr};
}

void Graph::defineConstant(const std::string& name, Tensor tensor) {
  declareConstant(name, tensor.type(), tensor.shape()).tensor = std::move(tensor);
}

void Graph::defineConstant(const std::string& name, DerivedConstant constant) {
  Constant& declared = declareConstant(name, constant.type, constant.shape);
  declared.derived = std::make_shared<const DerivedConstant>(std::move(constant));
}

void Graph::shareConstant(const std::string& value, const Graph& from) {
  const Constant& constant = from.constants_.at(value);
  Constant& shared = constants_[value];
  shared = {constant.proto, {}, constant.data_in_tensor, constant.position, constant.derived};
  if (constant.tensor) shared.tensor = constant.tensor->alias();
}

void Graph::removeConstant(const std::string& value) {
  auto& inputs = *rest_.mutable_graph()->mutable_input();
  const auto declared = std::ranges::find_if(inputs, [&](const auto& info) { return info.name() == value; });
  if (declared != inputs.end()) inputs.erase(declared);
  constants_.erase(value);
  types_.erase(value);
}

void Graph::attachData(const std::string& value, Tensor tensor) {
  Constant& constant = constants_.at(value);
  constant.tensor = std::move(tensor);
  constant.data_in_tensor = true;
  constant.derived = nullptr;
}

void Graph::setConstantProto(const std::string& value, onnx::TensorProto proto) {
  Constant& constant = constants_.at(value);
  constant = {std::make_shared<onnx::TensorProto>(std::move(proto)), {}, false, constant.position, nullptr};
}

}  // namespace quant
