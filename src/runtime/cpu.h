#pragma once

#include <string>

namespace quant {

/// What the processor offers to int8 kernels, as oneDNN sees it (its environment variables can lower it).
struct CpuInfo {
  std::string model;      ///< "AMD EPYC ..."
  std::string isa;        ///< "avx512_vnni"
  bool has_vnni = false;  ///< without it u8 x s8 products are added in pairs in 16 bits with saturation
  int threads = 0;        ///< that OpenMP will use
};

CpuInfo cpuInfo();

/// "3.2.1"
std::string oneDnnVersion();

/// True when oneDNN's 8-bit kernels give the exact sums on this CPU, because it has VNNI.
bool hasExactInt8Sums();

/// True when oneDNN multiplies 8-bit matrices by AMX on this CPU.
bool hasAmx();

/// The widest vectors that kernels may use here.
enum class VectorUnit { kNone, kAvx2, kAvx512 };

VectorUnit vectorUnit();

}  // namespace quant
