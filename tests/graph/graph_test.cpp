#include "graph/graph.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "graph/tensor_proto.h"
#include "support/onnx_text.h"

namespace quant {
namespace {

using google::protobuf::util::MessageDifferencer;
using test::opTypes;
using test::parseGraph;
using test::parseModel;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const char* const kChain = "g (float[1] x) => (float[1] y) { a = Relu(x)  b = Neg(a)  y = Abs(b) }";
const char* const kIf = R"(g (bool c, float[1] x) => (float[1] y) {
    a = Relu(x)
    y = If(c) <then_branch = t () => (float[1] p) { p = Neg(a) }, else_branch = e () => (float[1] q) { q = Abs(a) }>
  })";

template <class Action>
std::string messageOf(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kBadInput);
    return error.what();
  }
  return "no error";
}

std::vector<const Node*> sortedByLabel(std::vector<const Node*> nodes) {
  std::ranges::sort(nodes, {}, &Node::label);
  return nodes;
}

std::vector<std::string> labels(const std::vector<const Node*>& nodes) {
  std::vector<std::string> result;
  for (const Node* node : sortedByLabel(nodes)) result.push_back(node->output());
  return result;
}

std::vector<std::string> readers(const Graph& graph, const std::string& value) {
  return labels(graph.consumers(value));
}

// --- order --------------------------------------------------------------------------------------------------------

TEST(GraphOrder, IsTheFilesWhereThatIsTopological) {
  const Graph graph = parseGraph("g (float[1] x) => (float[1] y) { d = Abs(x) a = Relu(x) c = Neg(d) y = Add(a, c) }");
  EXPECT_THAT(opTypes(graph), ElementsAre("Abs", "Relu", "Neg", "Add"));
}

TEST(GraphOrder, PutsProducersBeforeReaders) {
  const Graph graph = parseGraph("g (float[1] x) => (float[1] y) { y = Abs(b) b = Neg(a) a = Relu(x) }");
  EXPECT_THAT(opTypes(graph), ElementsAre("Relu", "Neg", "Abs"));
}

TEST(GraphOrder, WaitsForValuesThatASubgraphCaptures) {
  auto model = parseModel(kIf);
  model.mutable_graph()->mutable_node()->SwapElements(0, 1);
  EXPECT_THAT(opTypes(Graph(std::move(model))), ElementsAre("Relu", "If"));
}

TEST(GraphOrder, NamesANodeInTheCycleNotOneBehindIt) {
  const Graph graph = parseGraph(R"(g (float[1] x) => (float[1] y) {
      [behind] y = Abs(b)
      [first] a = Add(x, b)
      [second] b = Neg(a)
    })");
  EXPECT_EQ(messageOf([&] { (void)graph.nodes(); }),
            "the graph has a cycle: node 'second' (Neg) waits for its own result");
}

TEST(GraphOrder, ANodeThatReadsItselfIsACycle) {
  const Graph graph = parseGraph("g (float[1] x) => (float[1] y) { [loop] y = Add(x, y) }");
  EXPECT_EQ(messageOf([&] { graph.verify(); }), "the graph has a cycle: node 'loop' (Add) waits for its own result");
}

// --- use lists ----------------------------------------------------------------------------------------------------

TEST(GraphUses, ListEachReaderOnce) {
  const Graph graph = parseGraph("g (float[1] x) => (float[1] y) { a = Mul(x, x)  b = Neg(x)  y = Add(a, b) }");
  EXPECT_THAT(readers(graph, "x"), ElementsAre("a", "b"));
  EXPECT_EQ(graph.producer("b")->opType(), "Neg");
  EXPECT_EQ(graph.producer("x"), nullptr);
}

TEST(GraphUses, SetInputMovesTheUse) {
  Graph graph = parseGraph(kChain);
  graph.setInput(*graph.producer("y"), 0, "a");
  EXPECT_THAT(readers(graph, "b"), IsEmpty());
  EXPECT_THAT(readers(graph, "a"), ElementsAre("b", "y"));
}

TEST(GraphUses, SetInputOnOneOfTwoEqualInputsKeepsTheOther) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] y) { a = Neg(x)  y = Add(a, a) }");
  graph.setInput(*graph.producer("y"), 1, "x");
  EXPECT_THAT(readers(graph, "a"), ElementsAre("y"));
  EXPECT_TRUE(graph.hasSingleUse("a"));
}

TEST(GraphUses, SetInputAddsAndTrimsOptionalInputs) {
  Graph graph = parseGraph("g (float[1] x, float lo) => (float[1] y) { y = Clip(x) }");
  Node& clip = *graph.producer("y");
  graph.setInput(clip, 2, "lo");
  EXPECT_EQ(clip.inputCount(), 3);
  EXPECT_FALSE(clip.hasInput(1));
  graph.setInput(clip, 2, "");
  EXPECT_EQ(clip.inputCount(), 1);
  EXPECT_THAT(readers(graph, "lo"), IsEmpty());
}

TEST(GraphUses, SetOutputMovesTheProducer) {
  Graph graph = parseGraph(kChain);
  Node& node = *graph.producer("b");
  graph.setOutput(node, 0, "other");
  EXPECT_EQ(graph.producer("b"), nullptr);
  EXPECT_EQ(graph.producer("other"), &node);
}

TEST(GraphUses, ANodeThatLostItsOutputToAnotherDoesNotTakeItAwayWhenRemoved) {
  Graph graph = parseGraph(kChain);
  Node& old = *graph.producer("b");
  Node& fresh = graph.addNode(makeNode("Sigmoid", {"a"}, {"fresh"}));
  graph.setOutput(fresh, 0, "b");
  graph.removeNode(old);
  EXPECT_EQ(graph.producer("b"), &fresh);
  EXPECT_NO_THROW(graph.verify());
}

TEST(GraphUses, RemoveNodeForgetsAllItsUses) {
  Graph graph = parseGraph(kChain);
  graph.removeNode(*graph.producer("b"));
  EXPECT_THAT(readers(graph, "a"), IsEmpty());
  EXPECT_EQ(graph.producer("b"), nullptr);
  EXPECT_EQ(graph.nodeCount(), 2U);
}

TEST(GraphUses, ReplaceNodeKeepsThePlaceInTheOrder) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] y, float[1] z) { a = Relu(x)  y = Neg(a)  z = Abs(x) }");
  graph.replaceNode(*graph.producer("a"), {makeNode("Exp", {"x"}, {"e"}), makeNode("Log", {"e"}, {"a"})});
  EXPECT_THAT(opTypes(graph), ElementsAre("Exp", "Log", "Neg", "Abs"));
  EXPECT_NO_THROW(graph.verify());
}

TEST(GraphUses, CapturesCountAsUses) {
  const Graph graph = parseGraph(kIf);
  EXPECT_THAT(readers(graph, "a"), ElementsAre("y"));
  EXPECT_TRUE(graph.isCaptured("a"));
  EXPECT_FALSE(graph.isCaptured("c"));
  EXPECT_FALSE(graph.hasSingleUse("a"));
}

TEST(GraphUses, NamesDefinedInsideASubgraphAreNoCaptures) {
  const Graph graph = parseGraph(kIf);
  EXPECT_THAT(graph.producer("y")->captures(), ElementsAre("a"));
}

TEST(GraphUses, NestedSubgraphsCaptureFromTheOutside) {
  const Graph graph = parseGraph(R"(g (bool c, float[1] x) => (float[1] y) {
      y = If(c) <
        then_branch = t () => (float[1] p) {
          i = Neg(x)
          p = If(c) <then_branch = u () => (float[1] r) { r = Add(x, i) },
                     else_branch = v () => (float[1] s) { s = Abs(i) }>
        },
        else_branch = e () => (float[1] q) { q = Abs(x) }>
    })");
  EXPECT_THAT(graph.producer("y")->captures(), ElementsAre("c", "x"));
}

TEST(GraphUses, ASingleUseIsOnePlaceAndNoGraphOutput) {
  const Graph graph =
      parseGraph("g (float[1] x) => (float[1] y, float[1] b) { a = Neg(x)  b = Abs(a)  y = Mul(b, b) }");
  EXPECT_TRUE(graph.hasSingleUse("a"));
  EXPECT_FALSE(graph.hasSingleUse("b"));
  EXPECT_FALSE(graph.hasSingleUse("y"));
}

TEST(GraphUses, ReplaceUsesRedirectsEveryPlace) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] y) { a = Neg(x)  y = Add(a, a) }");
  graph.replaceUses("a", "x");
  EXPECT_THAT(readers(graph, "a"), IsEmpty());
  EXPECT_EQ(graph.producer("y")->input(0), "x");
  EXPECT_EQ(graph.producer("y")->input(1), "x");
}

// --- bypass -------------------------------------------------------------------------------------------------------

TEST(GraphBypass, JoinsReadersToTheSource) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] y) { a = Identity(x)  y = Add(a, a) }");
  EXPECT_TRUE(graph.bypass(*graph.producer("a")));
  EXPECT_THAT(opTypes(graph), ElementsAre("Add"));
  EXPECT_EQ(graph.producer("y")->input(0), "x");
  EXPECT_NO_THROW(graph.verify());
}

TEST(GraphBypass, AGraphOutputKeepsItsNameAndMovesToTheSource) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] y, float[1] z) { a = Neg(x)  y = Identity(a)  z = Abs(a) }");
  EXPECT_TRUE(graph.bypass(*graph.producer("y")));
  EXPECT_EQ(graph.producer("y")->opType(), "Neg");
  EXPECT_EQ(graph.producer("z")->input(0), "y");
  EXPECT_NO_THROW(graph.verify());
}

TEST(GraphBypass, DeclinesBetweenAGraphInputAndAGraphOutput) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] y) { y = Identity(x) }");
  EXPECT_FALSE(graph.bypass(*graph.producer("y")));
  EXPECT_EQ(graph.nodeCount(), 1U);
}

TEST(GraphBypass, DeclinesBetweenTwoGraphOutputs) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] a, float[1] y) { a = Neg(x)  y = Identity(a) }");
  EXPECT_FALSE(graph.bypass(*graph.producer("y")));
}

TEST(GraphBypass, DeclinesWhereASubgraphReadsTheResult) {
  Graph graph = parseGraph(R"(g (bool c, float[1] x) => (float[1] y) {
      a = Identity(x)
      y = If(c) <then_branch = t () => (float[1] p) { p = Neg(a) }, else_branch = e () => (float[1] q) { q = Abs(a) }>
    })");
  EXPECT_FALSE(graph.bypass(*graph.producer("a")));
}

TEST(GraphBypass, DeclinesWhereASubgraphReadsTheSourceOfAGraphOutput) {
  Graph graph = parseGraph(R"(g (bool c, float[1] x) => (float[1] y, float[1] z) {
      a = Neg(x)
      z = Identity(a)
      y = If(c) <then_branch = t () => (float[1] p) { p = Neg(a) }, else_branch = e () => (float[1] q) { q = Abs(a) }>
    })");
  EXPECT_FALSE(graph.bypass(*graph.producer("z")));
}

TEST(GraphBypass, WorksWhereASubgraphReadsTheSourceOnly) {
  Graph graph = parseGraph(R"(g (bool c, float[1] x) => (float[1] y, float[1] z) {
      a = Identity(x)
      z = Abs(a)
      y = If(c) <then_branch = t () => (float[1] p) { p = Neg(x) }, else_branch = e () => (float[1] q) { q = Abs(x) }>
    })");
  EXPECT_TRUE(graph.bypass(*graph.producer("a")));
  EXPECT_EQ(graph.producer("z")->input(0), "x");
}

// --- names and constants ------------------------------------------------------------------------------------------

TEST(GraphNames, UniqueNamesAvoidValuesInputsAndNodes) {
  const Graph graph = parseGraph("g (float[1] x) => (float[1] y) <float[1] w = {1}> { [n] y = Add(x, w) }");
  EXPECT_EQ(graph.uniqueName("free"), "free");
  for (const std::string taken : {"x", "y", "w", "n"}) EXPECT_EQ(graph.uniqueName(taken), taken + "_1");
}

TEST(GraphNames, UniqueNamesAvoidWhatSubgraphsDefine) {
  const Graph graph = parseGraph(kIf);
  EXPECT_EQ(graph.uniqueName("p"), "p_1");
}

TEST(GraphConstants, AreReadableAsTensors) {
  const Graph graph = parseGraph("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }");
  EXPECT_TRUE(graph.isConstant("w"));
  EXPECT_THAT(graph.constant("w")->data<float>(), ElementsAre(1, 2));
  EXPECT_EQ(graph.constant("x"), nullptr);
}

TEST(GraphConstants, AddedOnesGetAUniqueNameAndKeepTheOrder) {
  Graph graph = parseGraph("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }");
  EXPECT_EQ(graph.addConstant("w", Tensor::scalar(3.0F)), "w_1");
  EXPECT_THAT(graph.constants(), ElementsAre("w", "w_1"));
  EXPECT_EQ(graph.valueType("w_1"), (ValueType{DataType::kFloat32, Shape{}}));
}

TEST(GraphConstants, AreNoInputsEvenWhenOldFilesDeclareThemAsSuch) {
  auto model = parseModel("g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }");
  model.set_ir_version(3);
  Graph graph(std::move(model));
  EXPECT_THAT(graph.inputs(), ElementsAre("x"));
  EXPECT_FALSE(graph.isInput("w"));
  graph.setInput(*graph.producer("y"), 1, "x");
  graph.removeConstant("w");
  EXPECT_THAT(graph.inputs(), ElementsAre("x"));
}

TEST(GraphConstants, RemoveUnusedGoesBackwardsThroughNodesAndThenConstants) {
  Graph graph = parseGraph(R"(g (float[1] x) => (float[1] y) <float[1] w = {1}, float[1] v = {2}> {
      a = Add(x, w)  b = Neg(a)  y = Add(x, v)
    })");
  EXPECT_EQ(graph.removeUnused(), 3);
  EXPECT_THAT(graph.constants(), ElementsAre("v"));
  EXPECT_THAT(opTypes(graph), ElementsAre("Add"));
}

TEST(GraphConstants, RemoveUnusedKeepsWhatItIsTold) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] y) { a = Neg(x)  b = Abs(a)  y = Exp(x) }");
  EXPECT_EQ(graph.removeUnused({"a"}), 1);
  EXPECT_NE(graph.producer("a"), nullptr);
}

TEST(GraphConstants, AttachedDataIsPutIntoTheModel) {
  auto model = parseModel("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }");
  auto& w = *model.mutable_graph()->mutable_initializer(0);
  w.clear_float_data();
  w.set_data_location(onnx::TensorProto::EXTERNAL);
  w.add_external_data()->set_key("location");
  Graph graph(std::move(model));
  graph.attachData("w", Tensor::of<float>({2}, {5, 6}));
  const auto saved = std::move(graph).release().graph().initializer(0);
  EXPECT_FALSE(saved.has_data_location());
  EXPECT_EQ(saved.external_data_size(), 0);
  EXPECT_THAT(onnx::TensorProto(saved).raw_data().size(), 8U);
}

/// {1, 2}, made when it is asked for; counts how often.
DerivedConstant counted(int& times) {
  return deriveConstant(DataType::kFloat32, {2}, [&times] {
    ++times;
    return Tensor::of<float>({2}, {1, 2});
  });
}

TEST(GraphDerivedConstants, AreMadeAtTheFirstUseAndKept) {
  Graph graph = parseGraph("g (float[2] x) => (float[2] y) { y = Add(x, w) }");
  int times = 0;
  graph.defineConstant("w", counted(times));
  EXPECT_EQ(graph.valueType("w"), (ValueType{DataType::kFloat32, Shape{2}}));
  EXPECT_TRUE(graph.isDerived("w"));
  EXPECT_EQ(times, 0);
  EXPECT_EQ(graph.constant("w")->data<float>()[1], 2);
  EXPECT_EQ(graph.constant("w")->data<float>()[0], 1);
  EXPECT_EQ(times, 1);
}

TEST(GraphDerivedConstants, InferenceAndClonesDoNotMakeThem) {
  Graph graph = parseGraph("g (float[2] x) => (float[N] y) { y = Add(x, w) }");
  int times = 0;
  graph.defineConstant("w", counted(times));
  graph.inferShapes();
  const Graph copy = graph.clone();
  EXPECT_EQ(times, 0);
  EXPECT_EQ(graph.valueType("y")->shape, Shape{2});
  EXPECT_EQ(copy.constant("w")->data<float>()[1], 2);
}

TEST(GraphDerivedConstants, ReadingThemKeepsNothing) {
  Graph graph = parseGraph("g (float[2] x) => (float[2] y) { y = Add(x, w) }");
  int times = 0;
  graph.defineConstant("w", counted(times));
  size_t bytes = 0;
  for (int i = 0; i < 2; ++i) graph.readConstant("w", [&](auto piece) { bytes += piece.size(); });
  EXPECT_EQ(bytes, 16U);
  EXPECT_EQ(times, 2);
}

TEST(GraphDerivedConstants, TooFewElementsAreABugOfTheirMaker) {
  Graph graph = parseGraph("g (float[3] x) => (float[3] y) { y = Add(x, w) }");
  graph.defineConstant("w", DerivedConstant{DataType::kFloat32, {3}, [](const ByteSink& sink) {
                                              const float one = 1;
                                              sink(std::as_bytes(std::span(&one, 1)));
                                            }});
  EXPECT_THROW(std::ignore = graph.constant("w"), Error);
}

TEST(GraphDerivedConstants, StandInTheReleasedModel) {
  Graph graph = parseGraph("g (float[2] x) => (float[2] y) { y = Add(x, w) }");
  int times = 0;
  graph.defineConstant("w", counted(times));
  const onnx::ModelProto model = std::move(graph).release();
  EXPECT_EQ(tensorFromProto(model.graph().initializer(0)).data<float>()[1], 2);
}

// --- clone and release --------------------------------------------------------------------------------------------

TEST(GraphRelease, GivesBackAnEqualModel) {
  auto model = parseModel(
      R"(g (float[N] x, float[2] w) => (float[N] y) <float[2] w = {1, 2}, int64[1] s = {0}, float[2] b = {3, 4}> {
      [first] a = Add(x, w)
      z = com.microsoft.Gelu(a)
      y = Slice(z, s, s)
    })");
  model.mutable_graph()->mutable_initializer(2)->set_raw_data(std::string(8, '\1'));
  model.set_producer_name("somebody");
  model.set_doc_string("doc");
  auto& entry = *model.add_metadata_props();
  entry.set_key("k");
  entry.set_value("v");
  model.mutable_graph()->mutable_node(0)->set_doc_string("a node's");
  model.mutable_graph()->add_value_info()->set_name("names nothing");
  model.mutable_graph()->add_quantization_annotation()->set_tensor_name("x");
  model.add_functions()->set_name("f");
  model.add_training_info()->mutable_algorithm()->set_name("t");
  model.GetReflection()->MutableUnknownFields(&model)->AddVarint(9999, 7);
  auto* node = model.mutable_graph()->mutable_node(1);
  node->GetReflection()->MutableUnknownFields(node)->AddLengthDelimited(8888, "later");
  auto* tensor = model.mutable_graph()->mutable_initializer(0);
  tensor->GetReflection()->MutableUnknownFields(tensor)->AddVarint(7777, 1);

  Graph graph{onnx::ModelProto(model)};
  (void)graph.constant("w");
  graph.inferShapes();
  const onnx::ModelProto released = std::move(graph).release();
  EXPECT_TRUE(MessageDifferencer::Equals(model, released));
  EXPECT_EQ(model.SerializeAsString(), released.SerializeAsString());
}

TEST(GraphRelease, ForgetsTheTypesOfRemovedValues) {
  auto model =
      parseModel("g (float[1] x) => (float[1] y) <float[1] a, float[1] b> { a = Neg(x) b = Identity(a) y = Abs(b) }");
  ASSERT_EQ(model.graph().value_info_size(), 2);
  Graph graph(std::move(model));
  graph.bypass(*graph.producer("b"));
  const auto released = std::move(graph).release();
  ASSERT_EQ(released.graph().value_info_size(), 1);
  EXPECT_EQ(released.graph().value_info(0).name(), "a");
}

TEST(GraphClone, SharesTheElementsOfConstants) {
  const Graph graph = parseGraph("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }");
  const Tensor* original = graph.constant("w");
  const Graph copy = graph.clone();
  EXPECT_EQ(copy.constant("w")->bytes(), original->bytes());
}

TEST(GraphClone, IsIndependent) {
  Graph graph = parseGraph("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { a = Neg(x)  y = Add(a, w) }");
  Graph copy = graph.clone();
  copy.removeNode(*copy.producer("a"));
  copy.setInput(*copy.producer("y"), 0, "x");
  copy.removeConstant("w");
  copy.setMetadata("k", "v");
  copy.setOpset("", 20);
  EXPECT_THAT(opTypes(graph), ElementsAre("Neg", "Add"));
  EXPECT_TRUE(graph.isConstant("w"));
  EXPECT_FALSE(graph.metadata("k").has_value());
  EXPECT_EQ(graph.opset(), 13);
}

TEST(GraphClone, BothCanBeReleased) {
  const auto model = parseModel("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }");
  Graph graph{onnx::ModelProto(model)};
  Graph copy = graph.clone();
  EXPECT_TRUE(MessageDifferencer::Equals(std::move(graph).release(), model));
  EXPECT_TRUE(MessageDifferencer::Equals(std::move(copy).release(), model));
}

TEST(GraphClone, OutlivesTheOriginal) {
  auto graph =
      std::make_unique<Graph>(parseGraph("g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { y = Add(x, w) }"));
  (void)graph->constant("w");
  const Graph copy = graph->clone();
  graph.reset();
  EXPECT_THAT(copy.constant("w")->data<float>(), ElementsAre(1, 2));
}

// --- the model around it ------------------------------------------------------------------------------------------

TEST(GraphOpset, FindsOnnxUnderBothItsNames) {
  auto model = parseModel(kChain);
  model.mutable_opset_import(0)->set_domain("ai.onnx");
  Graph graph(std::move(model));
  EXPECT_EQ(graph.opset(), 13);
  EXPECT_EQ(graph.opset("com.microsoft"), 1);
  EXPECT_EQ(graph.opset("elsewhere"), 0);
  graph.setOpset("", 17);
  EXPECT_EQ(graph.rest().opset_import_size(), 2);
  EXPECT_EQ(graph.opset("ai.onnx"), 17);
}

TEST(GraphMetadata, IsReplacedByKey) {
  Graph graph = parseGraph(kChain);
  graph.setMetadata("k", "1");
  graph.setMetadata("k", "2");
  EXPECT_EQ(graph.metadata("k"), "2");
  EXPECT_EQ(graph.rest().metadata_props_size(), 1);
  EXPECT_EQ(graph.metadata("none"), std::nullopt);
}

TEST(GraphDump, WritesOneNodeALine) {
  EXPECT_EQ(dump(parseGraph("g (float[1] x) => (float[1] y) { a = Neg(x)  y = Add(a, x) }")),
            "a = Neg(x)\ny = Add(a, x)\n");
}

TEST(Graph, ANewDomainIsImportedBesideTheOthers) {
  Graph graph = parseGraph("g (float[1] x) => (float[1] y) { y = Relu(x) }");
  graph.setOpset("com.acme", 2);
  EXPECT_EQ(graph.opset("com.acme"), 2);
  EXPECT_EQ(graph.opset(), 13);
}

}  // namespace
}  // namespace quant
