#pragma once

/// Compiles a function once for AVX2 and once for any x86-64; the CPU chooses when the program is loaded.
///
/// Both versions give the same bits: AVX2 alone brings no fused multiply-add, which would round once where two
/// operations round twice.
#define QUANTIZE_FOR_EACH_CPU __attribute__((target_clones("avx2", "default")))

/// The same for AVX-512, too, which does bring it: for files that are compiled with -ffp-contract=off.
#define QUANTIZE_FOR_EACH_CPU_UP_TO_AVX512 __attribute__((target_clones("avx512f", "avx2", "default")))
