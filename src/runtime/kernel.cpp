#include "runtime/kernel.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "runtime/interleave.h"
#include "runtime/relabel.h"

namespace quant {

namespace {

std::string keyOf(std::string_view domain, std::string_view op_type) { return fmt::format("{}:{}", domain, op_type); }

class FunctionKernel final : public Kernel {
 public:
  FunctionKernel(const Node& node, std::function<void(const Node&, KernelContext&)> function)
      : node_(node), function_(std::move(function)) {}
  void run(KernelContext& context) override { function_(node_, context); }

 private:
  const Node& node_;
  std::function<void(const Node&, KernelContext&)> function_;
};

Tensor makeTensor(BufferPool* pool, DataType type, Shape shape, Layout layout) {
  return pool != nullptr ? pool->make(type, std::move(shape), layout) : Tensor(type, std::move(shape), layout);
}

/// Transposes `rows` x `columns` elements of `size` bytes, for each of `batches` matrices.
template <class Word>
void transpose(const void* src, void* dst, int64_t batches, int64_t rows, int64_t columns) {
  const auto* from = static_cast<const Word*>(src);
  auto* to = static_cast<Word*>(dst);
  constexpr int64_t kBlock = 32;  // a block of both sides fits the first-level cache
#pragma omp parallel for collapse(2) schedule(static) if (batches * rows * columns > 1 << 14)
  for (int64_t batch = 0; batch < batches; ++batch) {
    for (int64_t block = 0; block < columns; block += kBlock) {
      const Word* matrix = from + batch * rows * columns;
      Word* turned = to + batch * rows * columns;
      const int64_t end = std::min(block + kBlock, columns);
      for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
        const int64_t r1 = std::min(r0 + kBlock, rows);
        for (int64_t c = block; c < end; ++c) {
          for (int64_t r = r0; r < r1; ++r) turned[c * rows + r] = matrix[r * columns + c];
        }
      }
    }
  }
}

/// Pictures of three colours, `count` pixels each.
template <class Word>
void interleavePictures(const Tensor& src, Tensor& dst, int64_t batches, int64_t count) {
  for (int64_t at = 0; at < 3 * batches * count; at += 3 * count) {
    interleaveColours(static_cast<const Word*>(src.bytes()) + at, static_cast<Word*>(dst.bytes()) + at, count);
  }
}

/// True when both layouts have the elements in the same order: one channel, or one pixel.
bool lieAlike(const Shape& shape) {
  return shape[1] == 1 || std::all_of(shape.begin() + 2, shape.end(), [](int64_t size) { return size == 1; });
}

}  // namespace

Tensor convertLayout(const Tensor& src, Layout layout, BufferPool* pool) {
  if (src.layout() == layout) return src.alias();
  if (lieAlike(src.shape())) return relabel(src, src.shape(), layout);
  Tensor dst = makeTensor(pool, src.type(), src.shape(), layout);
  if (src.elementCount() == 0) return dst;
  const int64_t batches = src.shape()[0], channels = src.shape()[1];
  const int64_t spatial = src.elementCount() / batches / channels;
  const bool to_last = layout == Layout::kChannelsLast;
  const int64_t rows = to_last ? channels : spatial, columns = to_last ? spatial : channels;
  const int size = elementSize(src.type());
  if (to_last && channels == 3 && size == 1) {
    interleavePictures<uint8_t>(src, dst, batches, spatial);
    return dst;
  }
  if (to_last && channels == 3 && size == 4) {
    interleavePictures<uint32_t>(src, dst, batches, spatial);
    return dst;
  }
  switch (size) {
    case 1: transpose<uint8_t>(src.bytes(), dst.bytes(), batches, rows, columns); break;
    case 2: transpose<uint16_t>(src.bytes(), dst.bytes(), batches, rows, columns); break;
    case 4: transpose<uint32_t>(src.bytes(), dst.bytes(), batches, rows, columns); break;
    default: transpose<uint64_t>(src.bytes(), dst.bytes(), batches, rows, columns); break;
  }
  return dst;
}

const Tensor& KernelContext::inputAsIs(size_t index) const {
  if (!has(index)) throwBadInput("input {} is missing", index);
  return inputs_[index]->tensor;
}

const Tensor& KernelContext::inputAs(size_t index, Layout layout) {
  const Tensor& tensor = inputAsIs(index);
  if (tensor.layout() == layout) return tensor;
  Value& value = *inputs_[index];
  auto& converted = layout == Layout::kPlain ? value.plain : value.channels_last;
  if (!converted) converted = convertLayout(tensor, layout, value.is_constant ? nullptr : pool_);
  return *converted;
}

Tensor& KernelContext::output(size_t index, DataType type, Shape shape, Layout layout) {
  return outputs_[index].emplace(makeTensor(pool_, type, std::move(shape), layout));
}

void KernelRegistry::add(std::string_view domain, std::string_view op_type, int64_t since_version, Factory factory) {
  factories_[keyOf(domain, op_type)][since_version] = std::move(factory);
}

void KernelRegistry::addFunction(std::string_view domain, std::string_view op_type, int64_t since_version,
                                 std::function<void(const Node& node, KernelContext& context)> function) {
  add(domain, op_type, since_version, [function = std::move(function)](const Node& node, int64_t) {
    return std::make_unique<FunctionKernel>(node, function);
  });
}

const KernelRegistry::Factory* KernelRegistry::find(std::string_view domain, std::string_view op_type,
                                                    int64_t opset) const {
  const auto versions = factories_.find(keyOf(domain, op_type));
  if (versions == factories_.end()) return nullptr;
  const auto newer = versions->second.upper_bound(opset);
  return newer == versions->second.begin() ? nullptr : &std::prev(newer)->second;
}

std::vector<int64_t> KernelRegistry::versions(std::string_view domain, std::string_view op_type) const {
  std::vector<int64_t> versions;
  if (const auto known = factories_.find(keyOf(domain, op_type)); known != factories_.end()) {
    for (const auto& [version, factory] : known->second) versions.push_back(version);
  }
  return versions;
}

}  // namespace quant
