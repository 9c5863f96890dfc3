#pragma once

// The one header that includes dnnl.hpp: for the .cpp files of this folder.
#include <dnnl.hpp>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <list>
#include <utility>
#include <vector>

#include "runtime/kernel.h"

namespace quant::onednn {

using dnnl::memory;
using MemoryType = memory::data_type;

/// Where primitives run. Each kernel has its own, so that kernels of different executors share nothing.
struct Device {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
};

/// oneDNN's name for an element type; `undef` when it has none.
MemoryType memoryType(DataType type);

/// Ranks for which both layouts have a name in oneDNN.
inline constexpr int64_t kMinSpatialRank = 3, kMaxSpatialRank = 5;

/// How a dense tensor lies in memory. A scalar is described as one element of rank 1.
memory::desc describe(DataType type, const Shape& shape, Layout layout = Layout::kPlain);
inline memory::desc describe(const Tensor& tensor) { return describe(tensor.type(), tensor.shape(), tensor.layout()); }
/// A tensor for which the primitive chooses the format.
memory::desc describeAny(DataType type, const Shape& shape);

/// Memory over a tensor's elements, which it does not own.
memory viewOf(const Tensor& tensor, const memory::desc& desc, const Device& device);
/// Memory that owns a copy of `values`.
memory constantOf(const std::vector<float>& values, const Device& device);
memory constantOf(const std::vector<float>& values, const memory::desc& desc, const Device& device);
memory constantOf(int32_t value, const Device& device);

/// Attributes to start from: see Primitive about the scratchpad.
dnnl::primitive_attr plainAttributes();

/// A primitive together with its arguments. Those that stay (weights, scales) are set once, the others get their
/// addresses at every run.
///
/// Scratch memory comes from one growing buffer for each thread instead of oneDNN's own ("library" mode), which is laid
/// out by the thread that makes a primitive and is missing when another thread runs it.
class Primitive {
 public:
  Primitive() = default;
  template <class Descriptor>
  Primitive(const Device& device, const Descriptor& descriptor)
      : Primitive(device, dnnl::primitive(descriptor), descriptor.scratchpad_desc()) {}

  /// An argument that is the same at every run.
  void keep(int argument, memory value);
  /// An argument whose address is given at every run.
  void declare(int argument, const memory::desc& desc, const Device& device);

  /// The address of a declared argument for the next run.
  void set(int argument, const void* address);
  void run(const Device& device);

  using Address = std::pair<int, const void*>;
  void run(const Device& device, std::initializer_list<Address> addresses) {
    for (const auto& [argument, address] : addresses) set(argument, address);
    run(device);
  }

 private:
  Primitive(const Device& device, dnnl::primitive primitive, const memory::desc& scratchpad);

  dnnl::primitive primitive_;
  std::vector<memory> owners_;              // of what the arguments name
  std::vector<dnnl_exec_arg_t> arguments_;  // as oneDNN's C functions take them: nothing is built at a run
  size_t scratch_bytes_ = 0;
};

/// Constant weights in the formats that primitives ask for; each is made once, however many shapes use it.
class PackedWeights {
 public:
  /// `plain` describes the elements of `weights` as they lie, with the dimensions of `wanted`.
  memory get(const Tensor& weights, bool is_constant, const memory::desc& plain, const memory::desc& wanted,
             const Device& device);

 private:
  std::vector<memory> packed_;
};

/// What tells apart the shapes that something is prepared for. It is made at every run, so it stays off the heap unless
/// it is unusually long.
class ShapeKey {
 public:
  ShapeKey() = default;
  ShapeKey(std::initializer_list<int64_t> numbers) { append(numbers.begin(), numbers.end()); }

  void push_back(int64_t number) {
    if (size_ < kInline)
      numbers_[size_++] = number;
    else
      more_.push_back(number);
  }
  template <class Iterator>
  void append(Iterator begin, Iterator end) {
    for (; begin != end; ++begin) push_back(*begin);
  }
  bool operator==(const ShapeKey& other) const {
    return size_ == other.size_ && std::equal(numbers_.begin(), numbers_.begin() + size_, other.numbers_.begin()) &&
           more_ == other.more_;
  }

 private:
  static constexpr uint32_t kInline = 32;
  uint32_t size_ = 0;
  std::array<int64_t, kInline> numbers_;  // the first size_ of them
  std::vector<int64_t> more_;
};
/// Types, layouts and shapes; an absent tensor counts as well.
ShapeKey keyOf(std::initializer_list<const Tensor*> tensors);

/// Keeps what was prepared for the last few shapes.
template <class Prepared>
class ShapeCache {
 public:
  template <class Make>
  Prepared& get(ShapeKey key, Make make) {
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->first != key) continue;
      entries_.splice(entries_.begin(), entries_, entry);
      return entries_.front().second;
    }
    entries_.emplace_front(std::move(key), make());
    if (entries_.size() > kKept) entries_.pop_back();
    return entries_.front().second;
  }

 private:
  static constexpr size_t kKept = 8;
  std::list<std::pair<ShapeKey, Prepared>> entries_;  // the latest first
};

}  // namespace quant::onednn
