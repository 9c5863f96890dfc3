#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <new>

#include "core/tensor.h"

namespace quant::test {

/// A copy of `tensor` whose last byte lies before a page that nobody may touch: reading or writing behind it ends the
/// program.
inline Tensor guarded(const Tensor& tensor) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t used = (tensor.byteSize() + page - 1) / page * page;
  void* const pages = mmap(nullptr, used + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  const std::shared_ptr<const void> owner(pages, [size = used + page](void* p) { munmap(p, size); });
  char* const end = static_cast<char*>(pages) + used;
  if (mprotect(end, page, PROT_NONE) != 0) throw std::bad_alloc();
  char* const bytes = end - tensor.byteSize();
  std::memcpy(bytes, tensor.bytes(), tensor.byteSize());
  return Tensor::view(tensor.type(), tensor.shape(), bytes, owner, tensor.layout());
}

}  // namespace quant::test
