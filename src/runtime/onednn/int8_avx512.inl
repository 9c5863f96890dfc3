// What the kernels of our own do with a 512-bit register: included inside a namespace, with QUANTIZE_TARGET set.

QUANTIZE_INLINE Vector load(const void* address) { return _mm512_loadu_si512(address); }
QUANTIZE_INLINE Vector spread(const std::byte* address) {
  int32_t step;
  std::memcpy(&step, address, sizeof(step));
  return _mm512_set1_epi32(step);
}
QUANTIZE_INLINE void store(int32_t* address, Vector sums) { _mm512_storeu_si512(address, sums); }
