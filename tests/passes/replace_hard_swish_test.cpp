#include "pass_testing.h"
#include "passes/pass.h"

namespace quant::test {
namespace {

constexpr const char* kConstants = "<float three = {3}, float zero = {0}, float six = {6}, float sixth = {0.16666667}>";

Graph graphOf(const std::string& body, int opset = 14, const std::string& outputs = "float[8] y") {
  return parseGraph("g (float[8] x) => (" + outputs + ") " + kConstants + " {" + body + "}", opset);
}

int replaceAll(Graph& graph) {
  int replaced = 0;
  while (const int changes = runChecked(graph, replaceHardSwish)) replaced += changes;
  graph.removeUnused();
  return replaced;
}

TEST(ReplaceHardSwish, FindsTheProductDividedBySix) {
  Graph graph = graphOf("a = Add(x, three)\n c = Clip(a, zero, six)\n m = Mul(x, c)\n y = Div(m, six)");
  EXPECT_EQ(replaceAll(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("HardSwish"));
  EXPECT_EQ(graph.producer("y")->input(0), "x");
}

TEST(ReplaceHardSwish, FindsAMultiplicationByASixth) {
  Graph graph = graphOf("a = Add(three, x)\n c = Clip(a, zero, six)\n m = Mul(c, x)\n y = Mul(sixth, m)");
  EXPECT_EQ(replaceAll(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("HardSwish"));
}

TEST(ReplaceHardSwish, FindsTheDividedClipFirst) {
  Graph graph = graphOf("a = Add(x, three)\n c = Clip(a, zero, six)\n d = Div(c, six)\n y = Mul(x, d)");
  replaceAll(graph);
  EXPECT_THAT(opTypes(graph), ElementsAre("HardSwish"));
}

TEST(ReplaceHardSwish, FindsHardSigmoidTimesItsInput) {
  Graph graph = graphOf("s = HardSigmoid <alpha = 0.16666667, beta = 0.5> (x)\n y = Mul(s, x)");
  EXPECT_EQ(replaceAll(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("HardSwish"));
}

TEST(ReplaceHardSwish, MakesAHardSigmoidWhereNothingIsMultiplied) {
  Graph graph = graphOf("a = Add(x, three)\n c = Clip(a, zero, six)\n y = Div(c, six)");
  EXPECT_EQ(replaceAll(graph), 1);
  EXPECT_THAT(opTypes(graph), ElementsAre("HardSigmoid"));
}

TEST(ReplaceHardSwish, StaysWithHardSigmoidBeforeOpset14) {
  Graph graph = graphOf("a = Add(x, three)\n c = Clip(a, zero, six)\n d = Div(c, six)\n y = Mul(x, d)", 13);
  replaceAll(graph);
  EXPECT_THAT(opTypes(graph), ElementsAre("HardSigmoid", "Mul"));
}

TEST(ReplaceHardSwish, DeclinesAHardSigmoidWithOtherNumbers) {
  Graph graph = graphOf("s = HardSigmoid <alpha = 0.2, beta = 0.5> (x)\n y = Mul(s, x)");
  EXPECT_EQ(replaceAll(graph), 0);
}

TEST(ReplaceHardSwish, DeclinesTheProductWithAnotherValue) {
  Graph graph =
      parseGraph(R"(g (float[8] x, float[8] z) => (float[8] y) <float three = {3}, float zero = {0}, float six = {6}> {
      a = Add(x, three)
      c = Clip(a, zero, six)
      m = Mul(z, c)
      y = Div(m, six)
    })",
                 14);
  EXPECT_EQ(replaceAll(graph), 0);
}

TEST(ReplaceHardSwish, DeclinesWhenOthersReadTheMiddle) {
  Graph graph = graphOf("a = Add(x, three)\n c = Clip(a, zero, six)\n m = Mul(x, c)\n y = Div(m, six)", 14,
                        "float[8] y, float[8] c");
  EXPECT_EQ(replaceAll(graph), 0);
}

TEST(ReplaceHardSwish, DeclinesSixDividedByTheValue) {
  Graph graph = graphOf("a = Add(x, three)\n c = Clip(a, three, six)\n y = Div(six, c)");
  EXPECT_EQ(replaceAll(graph), 0);
}

}  // namespace
}  // namespace quant::test
