#include "quantizer/minimum_cut.h"

#include <algorithm>

namespace quant {

size_t MinimumCut::addNode() {
  edges_of_.emplace_back();
  return edges_of_.size() - 1;
}

void MinimumCut::addEdge(size_t from, size_t to, int64_t price) {
  edges_of_[from].push_back(edges_.size());
  edges_.push_back({to, price});
  edges_of_[to].push_back(edges_.size());
  edges_.push_back({from, 0});
}

/// Numbers the nodes by their distance from the source, over edges that can carry more.
bool MinimumCut::findLevels(size_t source, size_t sink) {
  levels_.assign(edges_of_.size(), -1);
  levels_[source] = 0;
  std::vector<size_t> queue = {source};
  for (size_t i = 0; i < queue.size(); ++i) {
    for (const size_t edge : edges_of_[queue[i]]) {
      const size_t to = edges_[edge].to;
      if (edges_[edge].capacity == 0 || levels_[to] >= 0) continue;
      levels_[to] = levels_[queue[i]] + 1;
      queue.push_back(to);
    }
  }
  return levels_[sink] >= 0;
}

/// Sends as much as it can along one shortest path; false when there is none left.
bool MinimumCut::augment(size_t source, size_t sink) {
  std::vector<size_t> path;
  size_t node = source;
  while (node != sink) {
    if (next_[node] < edges_of_[node].size()) {
      const size_t edge = edges_of_[node][next_[node]];
      const size_t to = edges_[edge].to;
      if (edges_[edge].capacity > 0 && levels_[to] == levels_[node] + 1) {
        path.push_back(edge);
        node = to;
      } else {
        ++next_[node];
      }
    } else {
      if (path.empty()) return false;
      node = edges_[path.back() ^ 1U].to;  // a dead end: one step back
      path.pop_back();
      ++next_[node];
    }
  }
  int64_t flow = kNever;
  for (const size_t edge : path) flow = std::min(flow, edges_[edge].capacity);
  for (const size_t edge : path) {
    edges_[edge].capacity -= flow;
    edges_[edge ^ 1U].capacity += flow;
  }
  return true;
}

std::vector<bool> MinimumCut::sourceSide(size_t source, size_t sink) {
  while (findLevels(source, sink)) {
    next_.assign(edges_of_.size(), 0);
    while (augment(source, sink)) {
    }
  }
  std::vector<bool> side;
  for (const int level : levels_) side.push_back(level >= 0);
  return side;
}

}  // namespace quant
