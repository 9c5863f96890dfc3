#include "runtime/buffer_pool.h"

#include <algorithm>
#include <new>
#include <vector>

namespace quant {

namespace {

constexpr std::align_val_t kAlignment{64};

struct Release {
  void operator()(void* memory) const { ::operator delete(memory, kAlignment); }
};
using Buffer = std::unique_ptr<void, Release>;

}  // namespace

struct BufferPool::State {
  std::vector<std::pair<size_t, Buffer>> free;  // by capacity
  size_t reserved = 0;

  /// The smallest free buffer that holds `bytes` without wasting more than half of itself; else a new one.
  std::pair<size_t, Buffer> take(size_t bytes) {
    const auto found = atLeast(bytes);
    if (found != free.end() && found->first <= 2 * bytes) {
      auto buffer = std::move(*found);
      free.erase(found);
      return buffer;
    }
    reserved += bytes;
    return {bytes, Buffer(::operator new(bytes, kAlignment))};
  }

  void giveBack(size_t bytes, Buffer buffer) { free.emplace(atLeast(bytes), bytes, std::move(buffer)); }

 private:
  std::vector<std::pair<size_t, Buffer>>::iterator atLeast(size_t bytes) {
    return std::ranges::lower_bound(free, bytes, {}, [](const auto& entry) { return entry.first; });
  }
};

BufferPool::BufferPool() : state_(std::make_shared<State>()) {}

Tensor BufferPool::make(DataType type, Shape shape, Layout layout) {
  constexpr size_t kSmallest = 64;
  const size_t bytes = std::max(kSmallest, storageBytes(type, elementCount(shape)));
  auto [capacity, buffer] = state_->take(bytes);
  void* const memory = buffer.release();
  std::shared_ptr<const void> owner(memory, [state = std::weak_ptr(state_), size = capacity](const void* address) {
    Buffer returned(const_cast<void*>(address));
    if (const auto pool = state.lock()) pool->giveBack(size, std::move(returned));
  });
  return Tensor::view(type, std::move(shape), memory, std::move(owner), layout);
}

size_t BufferPool::reservedBytes() const { return state_->reserved; }

}  // namespace quant
