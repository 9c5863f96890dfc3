#include "core/sha256.h"

#include <gtest/gtest.h>

#include <string_view>

namespace quant {
namespace {

std::string hashOf(std::string_view text) {
  Sha256 hash;
  hash.add(std::as_bytes(std::span(text)));
  return hash.finish();
}

// The examples of NIST for FIPS 180-4.
TEST(Sha256, IsThatOfTheStandard) {
  EXPECT_EQ(hashOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hashOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hashOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, DoesNotDependOnThePiecesThatAreAdded) {
  const std::string text(1000, 'a');
  for (const size_t piece : {1U, 63U, 64U, 65U, 200U}) {
    Sha256 hash;
    const auto bytes = std::as_bytes(std::span(text));
    for (size_t begin = 0; begin < bytes.size(); begin += piece) {
      hash.add(bytes.subspan(begin, std::min(piece, bytes.size() - begin)));
    }
    EXPECT_EQ(hash.finish(), hashOf(text)) << piece;
  }
}

}  // namespace
}  // namespace quant
