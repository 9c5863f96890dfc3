#include "quantizer/minimum_cut.h"

#include <gtest/gtest.h>

namespace quant {
namespace {

TEST(MinimumCut, CutsTheCheapestEdgeOfAChain) {
  MinimumCut cut(4);
  cut.addEdge(0, 1, 5);
  cut.addEdge(1, 2, 2);
  cut.addEdge(2, 3, 7);
  EXPECT_EQ(cut.sourceSide(0, 3), (std::vector<bool>{true, true, false, false}));
}

TEST(MinimumCut, OfEqualCutsTheOneWithTheSmallestSourceSide) {
  MinimumCut cut(3);
  cut.addEdge(0, 1, 2);
  cut.addEdge(1, 2, 2);
  EXPECT_EQ(cut.sourceSide(0, 2), (std::vector<bool>{true, false, false}));
}

TEST(MinimumCut, FindsFlowsThatMustTurnBack) {
  // The classic: the first path takes the bridge 1 -> 2, which the best flow does not use.
  MinimumCut cut(4);
  cut.addEdge(0, 1, 1);
  cut.addEdge(1, 2, 1);
  cut.addEdge(2, 3, 1);
  cut.addEdge(0, 2, 1);
  cut.addEdge(1, 3, 1);
  EXPECT_EQ(cut.sourceSide(0, 3), (std::vector<bool>{true, false, false, false}));
}

TEST(MinimumCut, NodesMayComeLater) {
  MinimumCut cut(2);
  const size_t middle = cut.addNode();
  cut.addEdge(0, middle, MinimumCut::kNever);
  cut.addEdge(middle, 1, 3);
  EXPECT_EQ(cut.sourceSide(0, 1), (std::vector<bool>{true, false, true}));
}

}  // namespace
}  // namespace quant
