#include "quantizer/transposed_twins.h"

#include <algorithm>
#include <bit>
#include <span>
#include <vector>

namespace quant {

namespace {

constexpr int64_t kLeastElements = 1 << 12;

/// Elements in a block of the comparison: both matrices are read by lines of the cache.
constexpr size_t kBlock = 64;

bool isSame(float a, float b) { return std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b); }

/// Most matrices that are not the same show it in a few elements.
bool mayBeTransposed(std::span<const float> a, std::span<const float> b, size_t rows, size_t columns) {
  constexpr size_t kProbes = 61;
  for (size_t i = 0; i < kProbes; ++i) {
    const size_t row = i * 7919 % rows, column = i * 104729 % columns;
    if (!isSame(a[row * columns + column], b[column * rows + row])) return false;
  }
  return true;
}

bool isTransposed(const Tensor& table, const Tensor& other) {
  const auto rows = static_cast<size_t>(table.shape()[0]), columns = static_cast<size_t>(table.shape()[1]);
  const auto a = table.data<float>(), b = other.data<float>();
  if (!mayBeTransposed(a, b, rows, columns)) return false;
  for (size_t first = 0; first < rows; first += kBlock) {
    const size_t end = std::min(first + kBlock, rows);
    for (size_t column = 0; column < columns; ++column) {
      for (size_t row = first; row < end; ++row) {
        if (!isSame(a[row * columns + column], b[column * rows + row])) return false;
      }
    }
  }
  return true;
}

}  // namespace

std::map<std::string, std::string> findTransposedTwins(const Graph& graph, const std::set<std::string>& constants) {
  std::map<Shape, std::vector<std::string>> matrices;
  for (const std::string& name : constants) {
    const Tensor* tensor = graph.constant(name);
    if (tensor == nullptr || tensor->type() != DataType::kFloat32 || tensor->rank() != 2) continue;
    if (tensor->elementCount() >= kLeastElements) matrices[tensor->shape()].push_back(name);
  }
  std::map<std::string, std::string> twins;
  for (const auto& [shape, tables] : matrices) {
    const auto others = matrices.find({shape[1], shape[0]});
    if (shape[0] <= shape[1] || others == matrices.end()) continue;
    for (const std::string& other : others->second) {
      const auto table = std::ranges::find_if(
          tables, [&](const auto& name) { return isTransposed(*graph.constant(name), *graph.constant(other)); });
      if (table != tables.end()) twins.emplace(other, *table);
    }
  }
  return twins;
}

}  // namespace quant
