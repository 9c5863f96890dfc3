#include "passes/size_values.h"

#include "pass_testing.h"

namespace quant::test {
namespace {

/// "8", "batch", or "?".
std::vector<std::string> textOf(const SizeVector& sizes) {
  std::vector<std::string> text;
  for (const SizeValue& size : sizes.elements) {
    text.push_back(size.number ? std::to_string(*size.number) : size.name.empty() ? "?" : size.name);
  }
  return text;
}

/// What is known of `value` in a graph of an image with open batch and height.
std::vector<std::string> known(const std::string& value, const std::string& body, int opset = 15) {
  Graph graph = parseInferred(R"(g (float[batch,3,height,6] x) => (int64[n] y)
      <int64 zero = {0}, int64 two = {2}, int64[1] none = {0}, int64[1] one = {1}, int64[1] rest = {-1},
       int64[1] low = {-9223372036854775807}, int64[2] pair = {3, 1}> {
      s = Shape(x)
      )" + body + "\n y = Identity(s)\n}",
                              opset);
  const auto sizes = propagateSizes(graph);
  const auto found = sizes.find(value);
  return found == sizes.end() ? std::vector<std::string>{"unknown"} : textOf(found->second);
}

TEST(PropagateSizes, NamesTheSizesThatAreOpen) {
  EXPECT_THAT(known("s", ""), ElementsAre("batch", "3", "height", "6"));
}

TEST(PropagateSizes, FollowsWhatPicksSizes) {
  EXPECT_THAT(known("a", "a = Gather(s, two)"), ElementsAre("height"));
  EXPECT_THAT(known("a", "a = Gather(s, pair)"), ElementsAre("6", "3"));
  EXPECT_THAT(known("a", "a = Slice(s, one, rest)"), ElementsAre("3", "height"));
  EXPECT_THAT(known("a", "a = Slice(s, rest, low, none, rest)"), ElementsAre("6", "height", "3", "batch"));
  EXPECT_THAT(known("a", "a = Slice(s, one, one)"), IsEmpty());
  EXPECT_THAT(known("a", "a = Shape <start = -3, end = 3> (x)"), ElementsAre("3", "height"));
}

TEST(PropagateSizes, FollowsWhatJoinsSizes) {
  EXPECT_THAT(known("c", "a = Gather(s, zero)\n b = Unsqueeze(a, none)\n c = Concat <axis = 0> (b, rest, pair)"),
              ElementsAre("batch", "-1", "3", "1"));
  EXPECT_THAT(known("b", "a = Cast <to = 6> (s)\n b = Identity(a)"), ElementsAre("batch", "3", "height", "6"));
}

TEST(PropagateSizes, CalculatesWithKnownNumbersOnly) {
  EXPECT_THAT(known("a", "a = Mul(s, two)"), ElementsAre("?", "6", "?", "12"));
  EXPECT_THAT(known("a", "a = Div(s, two)"), ElementsAre("?", "1", "?", "3"));
  EXPECT_THAT(known("a", "a = Div(s, zero)"), ElementsAre("?", "?", "?", "?"));
}

TEST(PropagateSizes, KnowsTheCountOfElementsOnlyWhenEverySizeIsKnown) {
  EXPECT_THAT(known("a", "a = Size(x)"), ElementsAre("unknown"));
  EXPECT_THAT(known("a", "a = Size(pair)"), ElementsAre("2"));
}

TEST(PropagateSizes, DoesNotFollowWhatItDoesNotKnow) {
  EXPECT_THAT(known("a", "a = Neg(s)"), ElementsAre("unknown"));
  EXPECT_THAT(known("b", "a = Neg(s)\n b = Gather(a, zero)"), ElementsAre("unknown"));
  EXPECT_THAT(known("a", "a = Cast <to = 1> (s)"), ElementsAre("unknown"));
}

}  // namespace
}  // namespace quant::test
