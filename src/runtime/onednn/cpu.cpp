#include "runtime/cpu.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <dnnl.hpp>
#include <fstream>
#include <string_view>

namespace quant {

namespace {

struct IsaRow {
  dnnl::cpu_isa isa;
  const char* name;
  bool has_vnni;
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

const IsaRow& effectiveIsa() {
  static constexpr IsaRow kUnknown{dnnl::cpu_isa::isa_default, "unknown", false};
  const auto* const row = std::ranges::find(kIsas, dnnl::get_effective_cpu_isa(), &IsaRow::isa);
  return row == kIsas.end() ? kUnknown : *row;
}

}  // namespace

CpuInfo cpuInfo() {
  const IsaRow& isa = effectiveIsa();
  return {modelName(), isa.name, isa.has_vnni, omp_get_max_threads()};
}

std::string oneDnnVersion() {
  const dnnl_version_t& version = *dnnl_version();
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

bool hasExactInt8Sums() { return effectiveIsa().has_vnni; }

bool hasAmx() { return std::string_view(effectiveIsa().name).starts_with("avx512_amx"); }

VectorUnit vectorUnit() {
  const std::string_view name = effectiveIsa().name;
  if (name.starts_with("avx512")) return VectorUnit::kAvx512;
  return name.starts_with("avx2") ? VectorUnit::kAvx2 : VectorUnit::kNone;
}

}  // namespace quant
