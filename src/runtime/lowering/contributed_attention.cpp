// Attention as onnxruntime's optimizer of transformers writes it, in the operators of ONNX:
//
//   softmax(Q K' / sqrt(size of a head) + mask) V      for each head
#include <limits>
#include <utility>

#include "runtime/lowering/contributed_rules.h"

namespace quant {

namespace {

std::string scalarInt(Expansion& x, int64_t number) {
  const std::string constant = x.add("Constant", {});
  setInt(x.last(), "value_int", number);
  return constant;
}

std::string reshaped(Expansion& x, const std::string& value, const std::vector<int64_t>& shape) {
  return x.add("Reshape", {value, ints(x, shape)});
}

std::string transposed(Expansion& x, const std::string& value, const std::vector<int64_t>& permutation) {
  const std::string result = x.add("Transpose", {value});
  setInts(x.last(), "perm", permutation);
  return result;
}

/// The part `index` of axis 0, which goes away.
std::string part(Expansion& x, const std::string& value, int64_t index) {
  return x.add("Gather", {value, scalarInt(x, index)});
}

std::string joined(Expansion& x, const std::string& a, const std::string& b, int64_t axis) {
  const std::string result = x.add("Concat", {a, b});
  setInt(x.last(), "axis", axis);
  return result;
}

/// The size of `value` along an axis, as a scalar.
std::string sizeOf(Expansion& x, const std::string& value, int64_t axis) {
  return x.add("Gather", {x.add("Shape", {value}), scalarInt(x, axis)});
}

std::string range(Expansion& x, const std::string& start, const std::string& end) {
  return x.add("Range", {start, end, scalarInt(x, 1)});
}

std::string castLike(Expansion& x, const std::string& value, const std::string& like) {
  return x.add("CastLike", {value, like});
}

/// `number` where `blocked` is 1 and 0 where it is 0, to be added to what softmax gets.
std::string penalty(Expansion& x, const std::string& blocked, const std::string& scores) {
  const std::string floats = castLike(x, blocked, scores);
  return x.add("Mul", {floats, constantLike(x, x.node().attr("mask_filter_value", -10000.0F), floats)});
}

/// Queries see keys up to their own place; the last query has the place of the last key.
std::string causalPenalty(Expansion& x, const std::string& scores) {
  const std::string queries = sizeOf(x, scores, 2), keys = sizeOf(x, scores, 3), zero = scalarInt(x, 0);
  const std::string rows = x.add("Add", {range(x, zero, queries), x.add("Sub", {keys, queries})});
  return penalty(x, x.add("Greater", {range(x, zero, keys), reshaped(x, rows, {-1, 1})}), scores);
}

/// A mask of 1 for keys that count, [batch, keys], or the number of those that do, [batch].
std::string keyPenalty(Expansion& x, const std::string& mask, int64_t rank, const std::string& scores) {
  if (rank == 1) {
    const std::string places = range(x, scalarInt(x, 0), sizeOf(x, scores, 3));
    // One number for each sample: with more of them, which mean something else, the shape does not fit.
    const std::string batch = x.add("Gather", {x.add("Shape", {scores}), ints(x, {0})});
    const std::string shape = joined(x, batch, ints(x, {1, 1, 1}), 0);
    const std::string counted = castLike(x, x.add("Reshape", {mask, shape}), places);
    return penalty(x, x.add("Not", {x.add("Less", {places, counted})}), scores);
  }
  const std::string counts = castLike(x, reshaped(x, mask, {0, 1, 1, -1}), scores);
  return penalty(x, x.add("Sub", {constantLike(x, 1, scores), counts}), scores);
}

struct Heads {
  std::string query, key, value;  // [batch, heads, sequence, size of a head]
};

/// Adds what the mask, if there is one, takes from the scores. False when its rank is not known yet, or is one that
/// this program does not take apart.
bool addMask(Expansion& x, const std::string& mask, std::string& scores) {
  if (mask.empty()) return true;
  const int64_t rank = x.rankOf(mask);
  if (rank != 1 && rank != 2) return false;
  scores = x.add("Add", {scores, keyPenalty(x, mask, rank, scores)});
  return true;
}

/// The result, [batch, sequence, heads * size of a head]; nothing where `addMask` gives up.
std::string attended(Expansion& x, const Heads& heads, const std::string& mask, const std::string& bias) {
  std::string factor;
  if (const float scale = x.node().attr("scale", 0.0F); scale != 0) {
    factor = constantLike(x, scale, heads.query);
  } else {
    const std::string size = castLike(x, sizeOf(x, heads.query, 3), heads.query);
    factor = x.add("Reciprocal", {x.add("Sqrt", {size})});
  }
  const std::string query = x.add("Mul", {heads.query, factor});
  std::string scores = x.add("MatMul", {query, transposed(x, heads.key, {0, 1, 3, 2})});
  if (!bias.empty()) scores = x.add("Add", {scores, bias});
  if (!addMask(x, mask, scores)) return {};
  if (x.node().attr("unidirectional", int64_t{0}) != 0) scores = x.add("Add", {scores, causalPenalty(x, scores)});
  const std::string shares = x.add("Softmax", {scores});
  setInt(x.last(), "axis", -1);
  return reshaped(x, transposed(x, x.add("MatMul", {shares, heads.value}), {0, 2, 1, 3}), {0, 0, -1});
}

std::string headsOf(Expansion& x, const std::string& value) {
  const int64_t heads = x.node().attr("num_heads", int64_t{1});
  return transposed(x, reshaped(x, value, {0, 0, heads, -1}), {0, 2, 1, 3});
}

}  // namespace

void attentionRule(Expansion& x) {
  const Node& node = x.node();
  const std::string &mask = node.input(3), &past = node.input(4);
  const bool is_plain = node.findAttr("qkv_hidden_sizes") == nullptr && node.attr("do_rotary", int64_t{0}) == 0 &&
                        node.attr("past_present_share_buffer", int64_t{0}) == 0;
  if (!is_plain) return x.decline();
  const std::string product = sum(x, x.add("MatMul", {node.input(0), node.input(1)}), node.input(2));
  const std::string split =
      transposed(x, reshaped(x, product, {0, 0, 3, node.attr("num_heads", int64_t{1}), -1}), {2, 0, 3, 1, 4});
  Heads heads{part(x, split, 0), part(x, split, 1), part(x, split, 2)};
  if (!past.empty()) {
    heads.key = joined(x, part(x, past, 0), heads.key, 2);
    heads.value = joined(x, part(x, past, 1), heads.value, 2);
  }
  const std::string result = attended(x, heads, mask, node.input(5));
  if (result.empty()) return x.decline();
  x.bind(0, result);
  if (node.output(1).empty()) return;
  // Keys and values one after the other along a new axis 0.
  const std::string shape = joined(x, ints(x, {1}), x.add("Shape", {heads.key}), 0);
  x.bind(1, joined(x, x.add("Reshape", {heads.key, shape}), x.add("Reshape", {heads.value, shape}), 0));
}

void multiHeadAttentionRule(Expansion& x) {
  const Node& node = x.node();
  const std::string &key = node.input(1), &value = node.input(2), &bias = node.input(3);
  if (key.empty() || value.empty()) return x.decline();
  // Packed inputs have five axes; keys that an encoder prepared come with four.
  if (x.rankOf(node.input(0)) > 3 || x.rankOf(key) > 3) return x.decline();
  const std::string biases = bias.empty() ? std::string() : reshaped(x, bias, {3, -1});
  const auto withBias = [&](const std::string& from, int64_t index) {
    return biases.empty() ? from : x.add("Add", {from, part(x, biases, index)});
  };
  Heads heads{headsOf(x, withBias(node.input(0), 0)), headsOf(x, withBias(key, 1)), headsOf(x, withBias(value, 2))};
  if (!node.input(6).empty()) heads.key = joined(x, node.input(6), heads.key, 2);
  if (!node.input(7).empty()) heads.value = joined(x, node.input(7), heads.value, 2);
  const std::string result = attended(x, heads, node.input(4), node.input(5));
  if (result.empty()) return x.decline();
  x.bind(0, result);
  x.bind(1, heads.key);
  x.bind(2, heads.value);
}

// --- RotaryEmbedding ------------------------------------------------------------------------------------------------

/// Constants and sizes that the parts of a rotary embedding have in common.
struct Rotation {
  std::string pairs, turning;  // how many pairs there are, and how many numbers those are
  std::string none, last;      // 0 and -1, as starts and axes
  bool is_interleaved = false;
};

/// The input as [batch, sequence, heads, size of a head]; "" where nothing says how many heads there are.
std::string headsToTurn(Expansion& x, const Rotation& rotation) {
  const Node& node = x.node();
  const int64_t heads = node.attr("num_heads", int64_t{0});
  if (x.rankOf(node.input(0)) == 4) return transposed(x, node.input(0), {0, 2, 1, 3});
  if (heads != 0) return reshaped(x, node.input(0), {0, 0, heads, -1});
  if (node.attr("rotary_embedding_dim", int64_t{0}) != 0) return "";
  return x.add("Reshape", {node.input(0), joined(x, ints(x, {0, 0, -1}), rotation.turning, 0)});
}

/// The two numbers of every pair.
std::pair<std::string, std::string> pairsOf(Expansion& x, const std::string& heads, const Rotation& rotation) {
  if (!rotation.is_interleaved) {
    return {x.add("Slice", {heads, rotation.none, rotation.pairs, rotation.last}),
            x.add("Slice", {heads, rotation.pairs, rotation.turning, rotation.last})};
  }
  const std::string turning = x.add("Slice", {heads, rotation.none, rotation.turning, rotation.last});
  const std::string beside = reshaped(x, turning, {0, 0, 0, -1, 2});
  const auto member = [&](int64_t index) {
    std::string values = x.add("Gather", {beside, scalarInt(x, index)});
    setInt(x.last(), "axis", -1);
    return values;
  };
  std::string first = member(0);
  return {std::move(first), member(1)};
}

/// The opposite of `pairsOf`.
std::string withoutPairs(Expansion& x, const std::string& a, const std::string& b, const Rotation& rotation) {
  if (!rotation.is_interleaved) return joined(x, a, b, -1);
  const std::string first = reshaped(x, a, {0, 0, 0, -1, 1}), second = reshaped(x, b, {0, 0, 0, -1, 1});
  return reshaped(x, joined(x, first, second, -1), {0, 0, 0, -1});
}

/// Pairs of numbers, (a, b), are turned by an angle for each place in the sequence and each pair:
///
///   a cos - b sin,  a sin + b cos
///
/// with a and b beside each other ("interleaved"), or a in the first and b in the second half.
void rotaryEmbeddingRule(Expansion& x) {
  const Node& node = x.node();
  const int64_t rank = x.rankOf(node.input(0)), places_rank = x.rankOf(node.input(1));
  const bool is_plain = node.attr("scale", 1.0F) == 1 && node.attr("is_packed_batching", int64_t{0}) == 0;
  if (!is_plain || (rank != 3 && rank != 4) || (places_rank != 1 && places_rank != 2)) return x.decline();
  Rotation rotation;
  rotation.is_interleaved = node.attr("interleaved", int64_t{0}) != 0;
  rotation.pairs = x.add("Gather", {x.add("Shape", {node.input(2)}), ints(x, {1})});
  rotation.turning = x.add("Add", {rotation.pairs, rotation.pairs});
  rotation.last = ints(x, {-1});
  rotation.none = ints(x, {0});
  const std::string heads = headsToTurn(x, rotation);
  if (heads.empty()) return x.decline();

  std::string places = node.input(1);
  if (places_rank == 1) places = x.add("Add", {places, range(x, scalarInt(x, 0), sizeOf(x, heads, 1))});
  const auto angles = [&](int input) {
    const std::string rows = x.add("Gather", {node.input(input), places});
    return places_rank == 1 ? reshaped(x, rows, {0, 1, -1}) : reshaped(x, rows, {0, 0, 1, -1});
  };
  const std::string cosine = angles(2), sine = angles(3);
  const auto [a, b] = pairsOf(x, heads, rotation);
  const std::string turned_a = x.add("Sub", {x.add("Mul", {a, cosine}), x.add("Mul", {b, sine})});
  const std::string turned_b = x.add("Add", {x.add("Mul", {a, sine}), x.add("Mul", {b, cosine})});
  std::string result = withoutPairs(x, turned_a, turned_b, rotation);
  if (node.attr("rotary_embedding_dim", int64_t{0}) != 0) {
    const std::string end = ints(x, {std::numeric_limits<int64_t>::max()});
    result = joined(x, result, x.add("Slice", {heads, rotation.turning, end, rotation.last}), -1);
  }
  x.bind(0, rank == 4 ? transposed(x, result, {0, 2, 1, 3}) : reshaped(x, result, {0, 0, -1}));
}

/// The sum of embeddings of words, places and segments, normalized; how many words of each sentence count.
void embedLayerNormalizationRule(Expansion& x) {
  const Node& node = x.node();
  const std::string &ids = node.input(0), &segments = node.input(1), &mask = node.input(7);
  if (mask.empty() && !node.output(1).empty()) return x.decline();
  std::string places = node.input(8);
  if (places.empty()) places = range(x, scalarInt(x, 0), sizeOf(x, ids, 1));
  std::string whole = sum(x, x.add("Gather", {node.input(2), ids}), x.add("Gather", {node.input(3), places}));
  if (!segments.empty()) whole = sum(x, whole, x.add("Gather", {node.input(4), segments}));
  const std::string y = x.add("LayerNormalization", {whole, node.input(5), node.input(6)});
  setFloat(x.last(), "epsilon", node.attr("epsilon", 1e-12F));
  x.bind(0, y);
  x.bind(2, whole);
  if (node.output(1).empty()) return;
  const std::string counts = x.add("Einsum", {mask});
  setText(x.last(), "equation", "bs->b");
  x.bind(1, counts);
}

}  // namespace quant
