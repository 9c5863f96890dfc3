#include "quantizer/target.h"

#include <algorithm>
#include <array>

namespace quant {

namespace {

constexpr std::array kTargets = {
    TargetRow{"x86", Target::kX86,
              "right on every x86: weights whose neighbours would saturate without VNNI are changed", true},
    TargetRow{"x86-vnni", Target::kX86Vnni, "only for CPUs with VNNI: all weights keep their full 8 bits", false},
};

}  // namespace

std::span<const TargetRow> targets() { return kTargets; }

const TargetRow& rowOf(Target target) { return *std::ranges::find(kTargets, target, &TargetRow::target); }

}  // namespace quant
