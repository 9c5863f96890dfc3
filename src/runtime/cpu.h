#pragma once

#include <string>

namespace quant {

/// What the processor offers to int8 kernels, as oneDNN sees it (its environment variables can lower it).
struct CpuInfo {
  std::string model;        ///< "AMD EPYC ..."
  std::string isa;          ///< "avx512_vnni"
  bool int8_exact = false;  ///< false where u8 x s8 products are added in pairs in 16 bits with saturation (no VNNI)
  int threads = 0;          ///< that OpenMP will use
};

CpuInfo cpuInfo();

}  // namespace quant
