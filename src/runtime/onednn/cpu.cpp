#include "runtime/cpu.h"

#include <omp.h>

#include <array>
#include <dnnl.hpp>
#include <fstream>

namespace quant {

namespace {

struct IsaRow {
  dnnl::cpu_isa isa;
  const char* name;
  bool int8_exact;
};

constexpr std::array kIsas = {
    IsaRow{dnnl::cpu_isa::sse41, "sse4.1", false},
    IsaRow{dnnl::cpu_isa::avx, "avx", false},
    IsaRow{dnnl::cpu_isa::avx2, "avx2", false},
    IsaRow{dnnl::cpu_isa::avx2_vnni, "avx2_vnni", true},
    IsaRow{dnnl::cpu_isa::avx2_vnni_2, "avx2_vnni_2", true},
    IsaRow{dnnl::cpu_isa::avx512_core, "avx512_core", false},
    IsaRow{dnnl::cpu_isa::avx512_core_vnni, "avx512_vnni", true},
    IsaRow{dnnl::cpu_isa::avx512_core_bf16, "avx512_bf16", true},
    IsaRow{dnnl::cpu_isa::avx512_core_fp16, "avx512_fp16", true},
    IsaRow{dnnl::cpu_isa::avx512_core_amx, "avx512_amx", true},
    IsaRow{dnnl::cpu_isa::avx512_core_amx_fp16, "avx512_amx_fp16", true},
};

std::string modelName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

CpuInfo cpuInfo() {
  const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
  for (const IsaRow& row : kIsas) {
    if (row.isa == isa) return {modelName(), row.name, row.int8_exact, omp_get_max_threads()};
  }
  return {modelName(), "unknown", false, omp_get_max_threads()};
}

}  // namespace quant
