#include "runtime/onednn/primitive.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"

namespace quant::onednn {

namespace {

using Tag = memory::format_tag;

constexpr Tag kPlainTags[] = {Tag::a,      Tag::a,       Tag::ab,       Tag::abc,       Tag::abcd,      Tag::abcde,
                              Tag::abcdef, Tag::abcdefg, Tag::abcdefgh, Tag::abcdefghi, Tag::abcdefghij};

Tag tagOf(size_t rank, Layout layout) {
  if (layout == Layout::kChannelsLast) {
    return rank == 3 ? Tag::nwc : rank == 4 ? Tag::nhwc : Tag::ndhwc;
  }
  if (rank >= std::size(kPlainTags)) throwUnsupported("tensors of rank {}", rank);
  return kPlainTags[rank];
}

memory::dims dimsOf(const Shape& shape) { return shape.empty() ? memory::dims{1} : memory::dims(shape); }

/// Memory for the primitive that this thread runs at the moment.
void* scratch(size_t bytes) {
  thread_local Tensor buffer(DataType::kUInt8, {0});
  if (buffer.byteSize() < bytes) buffer = Tensor(DataType::kUInt8, {static_cast<int64_t>(bytes)});
  return buffer.bytes();
}

memory copyOf(const void* values, const memory::desc& desc, const Device& device) {
  memory result(desc, device.engine);
  std::memcpy(result.get_data_handle(), values, desc.get_size());
  return result;
}

}  // namespace

MemoryType memoryType(DataType type) {
  switch (type) {
    case DataType::kFloat32: return MemoryType::f32;
    case DataType::kUInt8: return MemoryType::u8;
    case DataType::kInt8: return MemoryType::s8;
    case DataType::kInt32: return MemoryType::s32;
    default: return MemoryType::undef;
  }
}

memory::desc describe(DataType type, const Shape& shape, Layout layout) {
  return {dimsOf(shape), memoryType(type), tagOf(shape.size(), layout)};
}

memory::desc describeAny(DataType type, const Shape& shape) { return {dimsOf(shape), memoryType(type), Tag::any}; }

memory viewOf(const Tensor& tensor, const memory::desc& desc, const Device& device) {
  return {desc, device.engine, const_cast<void*>(tensor.bytes())};
}

memory constantOf(const std::vector<float>& values, const Device& device) {
  return constantOf(values, describe(DataType::kFloat32, {static_cast<int64_t>(values.size())}), device);
}

memory constantOf(const std::vector<float>& values, const memory::desc& desc, const Device& device) {
  return copyOf(values.data(), desc, device);
}

memory constantOf(int32_t value, const Device& device) {
  return copyOf(&value, describe(DataType::kInt32, {1}), device);
}

dnnl::primitive_attr plainAttributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

Primitive::Primitive(const Device& device, dnnl::primitive primitive, const memory::desc& scratchpad)
    : primitive_(std::move(primitive)), scratch_bytes_(scratchpad.get_size()) {
  if (scratch_bytes_ > 0) declare(DNNL_ARG_SCRATCHPAD, scratchpad, device);
}

void Primitive::keep(int argument, memory value) {
  const auto known = std::ranges::find(arguments_, argument, &dnnl_exec_arg_t::arg);
  const auto index = static_cast<size_t>(known - arguments_.begin());
  if (known == arguments_.end()) {
    arguments_.push_back({argument, nullptr});
    owners_.emplace_back();
  }
  arguments_[index].memory = value.get();
  owners_[index] = std::move(value);
}

void Primitive::declare(int argument, const memory::desc& desc, const Device& device) {
  keep(argument, memory(desc, device.engine, nullptr));
}

void Primitive::set(int argument, const void* address) {
  const auto known = std::ranges::find(arguments_, argument, &dnnl_exec_arg_t::arg);
  if (known == arguments_.end()) throwInternal("a primitive has no argument {}", argument);
  owners_[static_cast<size_t>(known - arguments_.begin())].set_data_handle(const_cast<void*>(address));
}

void Primitive::run(const Device& device) {
  if (scratch_bytes_ > 0) set(DNNL_ARG_SCRATCHPAD, scratch(scratch_bytes_));
  dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), device.stream.get(),
                                                 static_cast<int>(arguments_.size()), arguments_.data()),
                          "could not execute a primitive");
}

memory PackedWeights::get(const Tensor& weights, bool is_constant, const memory::desc& plain,
                          const memory::desc& wanted, const Device& device) {
  const auto known = std::ranges::find_if(packed_, [&](const memory& m) { return m.get_desc() == wanted; });
  if (is_constant && known != packed_.end()) return *known;
  memory source = viewOf(weights, plain, device);
  memory packed(wanted, device.engine);
  dnnl::reorder(source, packed).execute(device.stream, source, packed);
  if (is_constant) packed_.push_back(packed);
  return packed;
}

ShapeKey keyOf(std::initializer_list<const Tensor*> tensors) {
  ShapeKey key;
  for (const Tensor* tensor : tensors) {
    key.push_back(tensor == nullptr ? -1 : tensor->rank());
    if (tensor == nullptr) continue;
    key.push_back(static_cast<int64_t>(tensor->type()) * 2 + (tensor->layout() == Layout::kPlain ? 0 : 1));
    key.append(tensor->shape().begin(), tensor->shape().end());
  }
  return key;
}

}  // namespace quant::onednn
