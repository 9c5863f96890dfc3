#pragma once

/// Compiles a function once for AVX2 and once for any x86-64; the CPU chooses when the program is loaded.
///
/// Both versions give the same bits: AVX2 alone brings no fused multiply-add, which would round once where two
/// operations round twice.
#define QUANTIZE_FOR_EACH_CPU __attribute__((target_clones("avx2", "default")))
