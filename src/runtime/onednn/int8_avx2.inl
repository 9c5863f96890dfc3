// What the kernels of our own do with a 256-bit register: included inside a namespace, with QUANTIZE_TARGET set.

QUANTIZE_INLINE Vector load(const void* address) { return _mm256_loadu_si256(static_cast<const Vector*>(address)); }
QUANTIZE_INLINE Vector spread(const std::byte* address) {
  int32_t step;
  std::memcpy(&step, address, sizeof(step));
  return _mm256_set1_epi32(step);
}
QUANTIZE_INLINE void store(int32_t* address, Vector sums) {
  _mm256_storeu_si256(reinterpret_cast<Vector*>(address), sums);
}
