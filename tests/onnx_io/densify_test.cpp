#include "onnx_io/densify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/onnx_text.h"

namespace quant {
namespace {

using testing::ElementsAre;

/// [2, 3] with 5 and 7 at these indices.
onnx::ModelProto sparseModel(const std::vector<int64_t>& indices, const std::vector<int64_t>& index_shape) {
  onnx::ModelProto model = test::parseModel("g (float[2,3] x) => (float[2,3] y) { y = Add(x, w) }");
  auto& sparse = *model.mutable_graph()->add_sparse_initializer();
  auto& values = *sparse.mutable_values();
  values.set_name("w");
  values.set_data_type(onnx::TensorProto::FLOAT);
  values.add_dims(2);
  values.add_float_data(5);
  values.add_float_data(7);
  sparse.mutable_indices()->set_data_type(onnx::TensorProto::INT64);
  for (const int64_t size : index_shape) sparse.mutable_indices()->add_dims(size);
  for (const int64_t index : indices) sparse.mutable_indices()->add_int64_data(index);
  sparse.add_dims(2);
  sparse.add_dims(3);
  return model;
}

std::vector<float> densified(onnx::ModelProto model) {
  Graph graph(std::move(model));
  densifyInitializers(graph);
  EXPECT_EQ(graph.rest().graph().sparse_initializer_size(), 0);
  EXPECT_EQ(graph.constant("w")->shape(), (Shape{2, 3}));
  const auto x = graph.constant("w")->data<float>();
  return {x.begin(), x.end()};
}

TEST(DensifyInitializers, IndicesAreFlatOrOfEachAxis) {
  EXPECT_THAT(densified(sparseModel({1, 5}, {2})), ElementsAre(0, 5, 0, 0, 0, 7));
  EXPECT_THAT(densified(sparseModel({0, 2, 1, 0}, {2, 2})), ElementsAre(0, 0, 5, 7, 0, 0));
}

}  // namespace
}  // namespace quant
