#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quant {

/// The cheapest way to divide a network in two (Dinic's algorithm).
class MinimumCut {
 public:
  static constexpr int64_t kNever = int64_t{1} << 40;  ///< the price of what must not be cut

  explicit MinimumCut(size_t nodes) : edges_of_(nodes) {}

  size_t addNode();
  /// `price` is paid when `from` ends up on the source's side and `to` on the sink's.
  void addEdge(size_t from, size_t to, int64_t price);
  /// For each node, whether it is on the side of `source`. Of several cheapest divisions the one with the smallest such
  /// side.
  std::vector<bool> sourceSide(size_t source, size_t sink);

 private:
  struct Edge {
    size_t to;
    int64_t capacity;
  };
  bool findLevels(size_t source, size_t sink);
  bool augment(size_t source, size_t sink);

  std::vector<Edge> edges_;  // each followed by its reverse
  std::vector<std::vector<size_t>> edges_of_;
  std::vector<int> levels_;
  std::vector<size_t> next_;  // the first edge of each node that is still worth a try
};

}  // namespace quant
