// LSTM, GRU and RNN: numbers by hand on the reference backend, and the fast kernel against it in every variant.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <random>

#include "runtime/executor.h"
#include "runtime/macs.h"
#include "support/op_runner.h"

namespace quant {
namespace {

using test::OpRunner;
using test::valuesOf;
using testing::ElementsAre;
using testing::FloatNear;

Tensor tensor(Shape shape, std::initializer_list<float> values) { return Tensor::of<float>(std::move(shape), values); }

void setStrings(Node& node, const std::string& name, const std::vector<std::string>& values) {
  onnx::NodeProto proto = node.proto();
  auto& attribute = *proto.add_attribute();
  attribute.set_name(name);
  attribute.set_type(onnx::AttributeProto::STRINGS);
  for (const auto& value : values) attribute.add_strings(value);
  node = Node(std::move(proto));
}

/// A recurrent node with random inputs, to be run on both backends.
struct Case {
  std::string op_type;
  std::string direction = "forward";
  std::vector<std::string> activations;
  std::vector<float> alphas, betas;
  float clip = 0;
  int64_t layout = 0;
  int64_t input_forget = 0, linear_before_reset = 0;
  bool has_bias = true, has_lengths = false, has_state = false, has_peepholes = false;
  int64_t steps = 5, batch = 3, input = 6, hidden = 9;
  float weight_limit = 0.7F;
};

class CaseRunner {
 public:
  explicit CaseRunner(const Case& test) : test_(test) {
    const int64_t gates = test.op_type == "LSTM" ? 4 : test.op_type == "GRU" ? 3 : 1;
    const int64_t directions = test.direction == "bidirectional" ? 2 : 1;
    const Shape state =
        test.layout == 0 ? Shape{directions, test.batch, test.hidden} : Shape{test.batch, directions, test.hidden};
    add("x", true,
        test.layout == 0 ? Shape{test.steps, test.batch, test.input} : Shape{test.batch, test.steps, test.input});
    add("w", true, {directions, gates * test.hidden, test.input});
    add("r", true, {directions, gates * test.hidden, test.hidden});
    add("b", test.has_bias, {directions, 2 * gates * test.hidden});
    names_.emplace_back(test.has_lengths ? "lengths" : "");
    add("h", test.has_state, state);
    if (test.op_type != "LSTM") return;
    add("c", test.has_state, state);
    add("p", test.has_peepholes, {directions, 3 * test.hidden});
  }

  std::vector<Tensor> run(Backend backend) {
    Graph graph = graphOf();
    return Executor(graph, {.backend = backend, .watched = {}, .fuse = true}).run(inputs());
  }

 private:
  void add(const std::string& name, bool is_there, const Shape& shape) {
    names_.push_back(is_there ? name : "");
    if (!is_there) return;
    Tensor& values = tensors_[name] = Tensor(DataType::kFloat32, shape);
    std::uniform_real_distribution<float> any(-test_.weight_limit, test_.weight_limit);
    for (float& value : values.data<float>()) value = any(random_);
  }

  [[nodiscard]] NamedTensors inputs() const {
    NamedTensors given;
    for (const auto& [name, values] : tensors_) given[name] = values.alias();
    if (!test_.has_lengths) return given;
    Tensor lengths(DataType::kInt32, {test_.batch});
    for (int64_t b = 0; b < test_.batch; ++b) {
      lengths.data<int32_t>()[static_cast<size_t>(b)] = static_cast<int32_t>(test_.steps - b);
    }
    given["lengths"] = std::move(lengths);
    return given;
  }

  [[nodiscard]] Graph graphOf() const {
    std::vector<std::string> outputs = {"y", "y_h"};
    if (test_.op_type == "LSTM") outputs.emplace_back("y_c");
    Node node(makeNode(test_.op_type, names_, outputs));
    node.setAttr("direction", test_.direction);
    node.setAttr("hidden_size", test_.hidden);
    if (!test_.activations.empty()) setStrings(node, "activations", test_.activations);
    if (!test_.alphas.empty()) node.setAttr("activation_alpha", test_.alphas);
    if (!test_.betas.empty()) node.setAttr("activation_beta", test_.betas);
    if (test_.clip > 0) node.setAttr("clip", test_.clip);
    if (test_.layout != 0) node.setAttr("layout", test_.layout);
    if (test_.op_type == "LSTM") node.setAttr("input_forget", test_.input_forget);
    if (test_.op_type == "GRU") node.setAttr("linear_before_reset", test_.linear_before_reset);
    onnx::ModelProto model;
    model.set_ir_version(8);
    model.add_opset_import()->set_version(14);
    for (const auto& [name, values] : inputs()) model.mutable_graph()->add_input()->set_name(name);
    for (const auto& name : outputs) model.mutable_graph()->add_output()->set_name(name);
    *model.mutable_graph()->add_node() = node.proto();
    return Graph(std::move(model));
  }

  Case test_;
  std::mt19937 random_{7};
  std::vector<std::string> names_;
  NamedTensors tensors_;
};

/// Errors of wide states grow from step to step.
void expectEqual(const Case& test, float tolerance = 2e-6F) {
  CaseRunner runner(test);
  const auto expected = runner.run(Backend::kReference), actual = runner.run(Backend::kOneDnn);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(actual[i].shape(), expected[i].shape());
    EXPECT_THAT(valuesOf(actual[i]), testing::Pointwise(FloatNear(tolerance), valuesOf(expected[i])))
        << test.op_type << ' ' << test.direction << " layout " << test.layout << ", output " << i;
  }
}

TEST(Recurrent, AnRnnStepIsTanhOfBothProductsAndBiases) {
  const auto outputs = OpRunner("RNN", 14)
                           .attr("hidden_size", int64_t{1})
                           .input(tensor({2, 1, 1}, {1, 2}))
                           .input(tensor({1, 1, 1}, {0.5}))
                           .input(tensor({1, 1, 1}, {2}))
                           .input(tensor({1, 2}, {0.1F, -0.2F}))
                           .runAll(2);
  const float first = std::tanh(0.5F - 0.1F), second = std::tanh(1 + 2 * first - 0.1F);
  EXPECT_THAT(valuesOf(outputs[0]), ElementsAre(FloatNear(first, 1e-6F), FloatNear(second, 1e-6F)));
  EXPECT_THAT(valuesOf(outputs[1]), ElementsAre(FloatNear(second, 1e-6F)));
}

TEST(Recurrent, StepsBehindTheEndOfASequenceAreZeroAndLeaveTheStateAlone) {
  const auto outputs = OpRunner("RNN", 14)
                           .attr("hidden_size", int64_t{1})
                           .input(tensor({2, 2, 1}, {1, 1, 2, 2}))
                           .input(tensor({1, 1, 1}, {1}))
                           .input(tensor({1, 1, 1}, {0}))
                           .absent()
                           .input(Tensor::of<int32_t>({2}, {2, 1}))
                           .runAll(2);
  const float one = std::tanh(1.0F), two = std::tanh(2.0F);
  EXPECT_THAT(valuesOf(outputs[0]),
              ElementsAre(FloatNear(one, 1e-6F), FloatNear(one, 1e-6F), FloatNear(two, 1e-6F), 0));
  EXPECT_THAT(valuesOf(outputs[1]), ElementsAre(FloatNear(two, 1e-6F), FloatNear(one, 1e-6F)));
}

TEST(Recurrent, ASequenceOfNoStepsEndsInZeros) {
  for (const Backend backend : {Backend::kReference, Backend::kOneDnn}) {
    for (const char* op_type : {"LSTM", "GRU", "RNN"}) {
      Case test{.op_type = op_type, .direction = "forward", .activations = {}, .alphas = {}, .betas = {}};
      test.has_lengths = test.has_state = true;
      test.steps = 3;
      test.batch = 4;  // the last one has none
      const auto outputs = CaseRunner(test).run(backend);
      for (size_t i = 1; i < outputs.size(); ++i) {
        const auto state = valuesOf(outputs[i]);
        EXPECT_THAT(std::vector<float>(state.end() - test.hidden, state.end()), testing::Each(0.0F));
      }
    }
  }
}

TEST(Recurrent, ClipCutsWhatGatesTakeButNotTheCell) {
  // All products are zero: every gate is a half, g is 0, and the cell of 2 becomes 1.
  const auto outputs = OpRunner("LSTM", 14)
                           .attr("hidden_size", int64_t{1})
                           .attr("clip", 0.5F)
                           .input(tensor({1, 1, 1}, {0}))
                           .input(tensor({1, 4, 1}, {0, 0, 0, 0}))
                           .input(tensor({1, 4, 1}, {0, 0, 0, 0}))
                           .absent()
                           .absent()
                           .absent()
                           .input(tensor({1, 1, 1}, {2}))
                           .runAll(3);
  EXPECT_THAT(valuesOf(outputs[1]), ElementsAre(FloatNear(0.5F * std::tanh(1.0F), 1e-6F)));
  EXPECT_THAT(valuesOf(outputs[2]), ElementsAre(1));
}

TEST(Recurrent, ParametersGoToTheActivationsThatTakeOne) {
  // f = LeakyRelu(0.5) in the first direction, Tanh in the second: the one alpha is the LeakyRelu's.
  OpRunner runner("RNN", 14);
  Node node(makeNode("RNN", {"x", "w", "r"}, {"y"}));
  node.setAttr("direction", std::string("bidirectional"));
  setStrings(node, "activations", {"LeakyRelu", "Affine"});
  node.setAttr("activation_alpha", std::vector<float>{0.5F, 3.0F});
  node.setAttr("activation_beta", std::vector<float>{1.0F});
  const KernelRegistry registry = kernelsOf(Backend::kReference);
  KernelContext::Value x{tensor({1, 1, 1}, {-2}), {}, {}}, w{tensor({2, 1, 1}, {1, 1}), {}, {}},
      r{tensor({2, 1, 1}, {0, 0}), {}, {}};
  KernelContext context({&x, &w, &r}, 1, {true});
  (*registry.find("", "RNN", 14))(node, 14)->run(context);
  EXPECT_THAT(valuesOf(*context.results()[0]), ElementsAre(-1, -5));  // 0.5 * -2, 3 * -2 + 1
}

TEST(Recurrent, AnUnknownActivationIsNamed) {
  Node node(makeNode("RNN", {"x", "w", "r"}, {"y"}));
  setStrings(node, "activations", {"Swirl"});
  EXPECT_THROW(kernelsOf(Backend::kOneDnn).find("", "RNN", 14)->operator()(node, 14), Error);
}

TEST(Recurrent, ProductsOfAllStepsAndDirectionsAreCounted) {
  const Node node(makeNode("LSTM", {"x", "w", "r"}, {"y"}));
  EXPECT_EQ(macsOf(node, {5, 2, 3}, {2, 4 * 7, 3}, {}).total, 5 * 2 * 2 * 4 * 7 * (3 + 7));
}

class FastRecurrent : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Operators, FastRecurrent, testing::Values("LSTM", "GRU", "RNN"),
                         [](const auto& op) { return std::string(op.param); });

TEST_P(FastRecurrent, EqualsTheReferenceInEveryDirectionAndLayout) {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    for (const int64_t layout : {0, 1}) {
      expectEqual({.op_type = GetParam(),
                   .direction = direction,
                   .activations = {},
                   .alphas = {},
                   .betas = {},
                   .layout = layout});
    }
  }
}

TEST_P(FastRecurrent, EqualsTheReferenceWithLengthsAndInitialStates) {
  for (const char* direction : {"forward", "reverse", "bidirectional"}) {
    for (const int64_t layout : {0, 1}) {
      Case test{.op_type = GetParam(), .direction = direction, .activations = {}, .alphas = {}, .betas = {}};
      test.layout = layout;
      test.has_lengths = test.has_state = test.has_peepholes = true;
      expectEqual(test);
    }
  }
}

TEST_P(FastRecurrent, EqualsTheReferenceWithClipAndWithoutBias) {
  Case test{.op_type = GetParam(), .direction = "bidirectional", .activations = {}, .alphas = {}, .betas = {}};
  test.clip = 0.3F;
  test.has_bias = false;
  test.input_forget = 1;
  test.linear_before_reset = 1;
  test.has_state = true;  // cells beyond the clip
  expectEqual(test);
}

TEST_P(FastRecurrent, EqualsTheReferenceForWideStatesAndOneSequence) {
  Case test{.op_type = GetParam(), .direction = "bidirectional", .activations = {}, .alphas = {}, .betas = {}};
  test.linear_before_reset = 1;
  test.has_peepholes = true;
  test.batch = 1;
  test.hidden = 67;
  expectEqual(test, 1e-5F);
}

TEST_P(FastRecurrent, GivesTheSameBitsWhateverTheNumberOfThreads) {
  const int before = omp_get_max_threads();
  for (const char* direction : {"forward", "bidirectional"}) {
    for (const int64_t batch : {1, 7, 16}) {
      Case test{.op_type = GetParam(), .direction = direction, .activations = {}, .alphas = {}, .betas = {}};
      test.batch = batch;
      test.steps = 17;
      test.hidden = 150;
      test.input = 1;  // nothing to add up in the product that is not ours
      test.has_lengths = true;
      CaseRunner runner(test);
      omp_set_num_threads(1);
      const auto alone = runner.run(Backend::kOneDnn);
      for (const int threads : {2, 3, 5}) {
        omp_set_num_threads(threads);
        const auto together = runner.run(Backend::kOneDnn);
        for (size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(valuesOf(together[i]), valuesOf(alone[i]));
      }
    }
  }
  omp_set_num_threads(before);
}

TEST_P(FastRecurrent, EqualsTheReferenceForManySequences) {
  Case test{.op_type = GetParam(), .direction = "bidirectional", .activations = {}, .alphas = {}, .betas = {}};
  test.batch = 11;
  test.hidden = 130;
  test.steps = 11;
  test.has_lengths = true;
  test.weight_limit = 0.1F;
  expectEqual(test, 1e-5F);
}

TEST_P(FastRecurrent, TakesOtherActivations) {
  Case test{.op_type = GetParam(), .direction = "forward", .activations = {}, .alphas = {0.4F}, .betas = {0.6F}};
  if (test.op_type == "LSTM") test.activations = {"HardSigmoid", "Softsign", "ScaledTanh"};
  if (test.op_type == "GRU") test.activations = {"HardSigmoid", "Elu"};
  if (test.op_type == "RNN") test.activations = {"Softplus"};
  expectEqual(test);
}

TEST_P(FastRecurrent, GivesEmptyResultsForNoSteps) {
  Case test{.op_type = GetParam(), .direction = "forward", .activations = {}, .alphas = {}, .betas = {}};
  test.steps = 0;
  expectEqual(test);
}

}  // namespace
}  // namespace quant
