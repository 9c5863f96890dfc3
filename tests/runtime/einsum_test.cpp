#include "runtime/reference/einsum_equation.h"

#include "reference_testing.h"

namespace quant::test {
namespace {

using testing::ElementsAre;

Op einsum(const std::string& equation) { return std::move(Op("Einsum", 12).text("equation", equation)); }

TEST(Einsum, MultipliesMatrices) {
  const Tensor y = einsum("ij,jk->ik").input<float>({1, 2}, {1, 2}).input<float>({2, 2}, {1, 2, 3, 4}).run();
  EXPECT_EQ(y.shape(), (Shape{1, 2}));
  EXPECT_THAT(values<float>(y), ElementsAre(7, 10));
}

TEST(Einsum, ImpliesAResultOfTheLettersThatComeOnceInAlphabeticalOrder) {
  EXPECT_THAT(values<float>(einsum("ba").input<float>({2, 3}, {1, 2, 3, 4, 5, 6}).run()),
              ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(Einsum, TakesTheDiagonalOfALetterThatComesTwice) {
  EXPECT_THAT(values<float>(einsum("ii->i").input<float>({2, 2}, {1, 2, 3, 4}).run()), ElementsAre(1, 4));
  EXPECT_THAT(values<float>(einsum("ii").input<float>({2, 2}, {1, 2, 3, 4}).run()), ElementsAre(5));
}

TEST(Einsum, BroadcastsWhatAnEllipsisStandsFor) {
  const Tensor y = einsum("...i,...i->...").input<float>({2, 2}, {1, 2, 3, 4}).input<float>({1, 2}, {10, 1}).run();
  EXPECT_THAT(values<float>(y), ElementsAre(12, 34));
}

TEST(Einsum, MultipliesThreeOperandsOneAfterTheOther) {
  const Tensor y =
      einsum("i,ij,j->").input<float>({2}, {1, 2}).input<float>({2, 2}, {1, 2, 3, 4}).input<float>({2}, {1, 10}).run();
  EXPECT_THAT(values<float>(y), ElementsAre(1 * 1 + 1 * 20 + 2 * 3 + 2 * 40));
}

TEST(Einsum, SaysWhatIsWrongWithAnEquation) {
  EXPECT_EQ(einsum("ij,jk->ik").input<float>({1}, {1}).input<float>({1, 1}, {1}).error(),
            "Einsum's equation 'ij,jk->ik' has the term 'ij' for an operand of rank 1");
  EXPECT_EQ(einsum("i").input<float>({1}, {1}).input<float>({1}, {1}).error(),
            "Einsum's equation 'i' does not have 2 terms");
  EXPECT_EQ(einsum("i,i->").input<float>({2}, {1, 2}).input<float>({3}, {1, 2, 3}).error(),
            "Einsum's operand 1 has 3 elements along an axis that has 2 elsewhere");
}

}  // namespace
}  // namespace quant::test
