#include "core/error.h"

#include <gtest/gtest.h>

namespace quant {
namespace {

TEST(Error, CarriesItsExitCode) {
  const auto codeOf = [](auto thrower) {
    try {
      thrower();
    } catch (const Error& error) {
      return static_cast<int>(error.code());
    }
    return -1;
  };
  EXPECT_EQ(codeOf([] { throwBadInput("x"); }), 2);
  EXPECT_EQ(codeOf([] { throwUnsupported("x"); }), 3);
  EXPECT_EQ(codeOf([] { throwInternal("x"); }), 70);
}

TEST(Error, AddsWhereItHappenedOnLinesOfTheirOwn) {
  Error error(ExitCode::kBadInput, "node 'a' reads 'b'");
  error.addContext("running pass 'fold'");
  error.addContext("loading 'm.onnx'");
  EXPECT_STREQ(error.what(), "node 'a' reads 'b'\n  while running pass 'fold'\n  while loading 'm.onnx'");
}

}  // namespace
}  // namespace quant
