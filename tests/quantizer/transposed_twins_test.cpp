#include "quantizer/transposed_twins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantizer/float16_testing.h"

namespace quant {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr int64_t kRows = 128, kColumns = 32;

Tensor table(float add = 0) {
  Tensor tensor(DataType::kFloat32, {kRows, kColumns});
  for (int64_t i = 0; i < tensor.elementCount(); ++i) {
    tensor.data<float>()[static_cast<size_t>(i)] = 0.001F * static_cast<float>(i) + add;
  }
  return tensor;
}

Tensor transposed(const Tensor& tensor) {
  Tensor result(DataType::kFloat32, {tensor.shape()[1], tensor.shape()[0]});
  for (int64_t r = 0; r < tensor.shape()[0]; ++r) {
    for (int64_t c = 0; c < tensor.shape()[1]; ++c) {
      result.data<float>()[static_cast<size_t>(c * tensor.shape()[0] + r)] =
          tensor.data<float>()[static_cast<size_t>(r * tensor.shape()[1] + c)];
    }
  }
  return result;
}

/// Looks up rows of e and multiplies by f.
Graph tied(Tensor e, Tensor f) {
  Graph graph = test::parseGraph(R"(g (int64[1,S] ids) => (float[1,S,128] y)
      <float[1,1] e = {0}, float[1,1] f = {0}> { x = Gather(e, ids) y = MatMul(x, f) })",
                                 17);
  for (auto& [name, tensor] : {std::pair("e", &e), std::pair("f", &f)}) {
    graph.removeConstant(name);
    graph.defineConstant(name, std::move(*tensor));
  }
  graph.inferShapes();
  return graph;
}

TEST(TransposedTwins, AreFoundByTheirElements) {
  EXPECT_THAT(findTransposedTwins(tied(table(), transposed(table())), {"e", "f"}),
              UnorderedElementsAre(Pair("f", "e")));
  EXPECT_THAT(findTransposedTwins(tied(table(), transposed(table())), {"f"}), IsEmpty()) << "only what is asked for";
  EXPECT_THAT(findTransposedTwins(tied(table(), transposed(table(1))), {"e", "f"}), IsEmpty());
  Tensor last = transposed(table());
  last.data<float>().back() += 1;
  EXPECT_THAT(findTransposedTwins(tied(table(), std::move(last)), {"e", "f"}), IsEmpty());
}

TEST(TransposedTwins, AreStoredOnceInHalfPrecision) {
  Graph graph = tied(table(), transposed(table()));
  applyFloat16(graph, planFloat16(graph, nullptr, {}));
  graph.inferShapes();
  EXPECT_FALSE(graph.isConstant("f"));
  EXPECT_THAT(test::opTypes(graph), Contains("Transpose"));
  EXPECT_EQ(graph.valueType("f")->type, DataType::kFloat16);
  NamedTensors inputs;
  const int64_t ids[] = {3, 0};
  inputs["ids"] = Tensor::of<int64_t>({1, 2}, ids);
  Executor executor(graph, {Backend::kOneDnn, {}, true});
  EXPECT_THAT(test::opTypes(executor.lowered()), testing::Not(Contains("Transpose"))) << "computed when it is loaded";
  const Tensor y = std::move(executor.run(inputs)[0]);
  double expected = 0;  // row 3 by row 5
  for (int i = 0; i < kColumns; ++i) expected += 0.001 * (3 * kColumns + i) * 0.001 * (5 * kColumns + i);
  EXPECT_NEAR(y.data<float>()[5], expected, 1e-3);
}

}  // namespace
}  // namespace quant
