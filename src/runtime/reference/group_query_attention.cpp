// com.microsoft's GroupQueryAttention, as language models are exported: several heads of queries share one head of keys
// and values, which come on top of those of earlier calls.
//
//   softmax(softcap(q K' * scale) + bias) V        for each head, over the keys up to the query's own place
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "core/error.h"
#include "core/for_each_cpu.h"
#include "runtime/ops/arguments.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/input_types.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

enum Input : size_t {
  kQuery,
  kKey,
  kValue,
  kPastKey,
  kPastValue,
  kLastPlaces,   // seqlens_k: of each sample's last key
  kTotalLength,  // of keys, in the longest sample
  kCosine,
  kSine,
  kPlaces,
  kBias,
  kSinks,
  kQuantizedFrom,  // from here on: keys and values of integers
};

constexpr int64_t kWorthThreads = 1 << 16;  // multiply-accumulates

constexpr TypeList<float, Float16, BFloat16> kRealTypes;

/// What the attributes say.
struct Settings {
  int64_t heads, kv_heads, window;
  float scale, softcap;
  bool rotates, is_interleaved, has_smooth_softmax;

  static Settings of(const Node& node) {
    const auto integer = [&](const char* name, int64_t fallback) { return node.attr(name, fallback); };
    for (const char* name : {"qk_output", "kv_cache_bit_width"}) {
      if (integer(name, 0) != 0) throwUnsupported("GroupQueryAttention with {} = {}", name, integer(name, 0));
    }
    const Settings settings{.heads = integer("num_heads", 0),
                            .kv_heads = integer("kv_num_heads", 0),
                            .window = integer("local_window_size", -1),
                            .scale = node.attr("scale", 0.0F),
                            .softcap = node.attr("softcap", 0.0F),
                            .rotates = integer("do_rotary", 0) != 0,
                            .is_interleaved = integer("rotary_interleaved", 0) != 0,
                            .has_smooth_softmax = integer("smooth_softmax", 0) != 0};
    if (settings.kv_heads < 1 || settings.heads < 1 || settings.heads % settings.kv_heads != 0) {
      throwBadInput("GroupQueryAttention with num_heads = {} and kv_num_heads = {}, which must divide it",
                    settings.heads, settings.kv_heads);
    }
    return settings;
  }
};

/// [batch, heads, length, size] of floats.
struct Heads {
  int64_t batch = 0, heads = 0, length = 0, size = 0;
  std::vector<float> numbers;

  Heads() = default;
  Heads(int64_t batch_size, int64_t head_count, int64_t row_count, int64_t head_size)
      : batch(batch_size),
        heads(head_count),
        length(row_count),
        size(head_size),
        numbers(static_cast<size_t>(batch * heads * length * size), 0.0F) {}
  [[nodiscard]] float* row(int64_t b, int64_t head, int64_t place) {
    return numbers.data() + ((b * heads + head) * length + place) * size;
  }
  [[nodiscard]] const float* row(int64_t b, int64_t head, int64_t place) const {
    return numbers.data() + ((b * heads + head) * length + place) * size;
  }
};

/// `heads` heads from number `first` on of each row of [batch, length, anything].
Heads split(const Tensor& tensor, int64_t first, int64_t heads, int64_t size) {
  const std::vector<float> numbers = elementsAs<float>(tensor);
  const Shape& shape = tensor.shape();
  Heads result(shape[0], heads, shape[1], size);
  for (int64_t b = 0; b < shape[0]; ++b) {
    for (int64_t place = 0; place < shape[1]; ++place) {
      const float* const row = numbers.data() + (b * shape[1] + place) * shape[2] + first;
      for (int64_t head = 0; head < heads; ++head) std::copy_n(row + head * size, size, result.row(b, head, place));
    }
  }
  return result;
}

/// Rotary embedding: pairs of numbers are turned by the angles of a place.
class Rotation {
 public:
  Rotation(const Tensor& cosine, const Tensor& sine, bool is_interleaved)
      : cosine_(elementsAs<float>(cosine)), sine_(elementsAs<float>(sine)), is_interleaved_(is_interleaved) {
    if (cosine.rank() != 2 || sine.shape() != cosine.shape()) {
      throwBadInput("GroupQueryAttention: cos_cache and sin_cache have shapes {} and {}, expected one shape of rank 2",
                    toString(cosine.shape()), toString(sine.shape()));
    }
    places_ = cosine.shape()[0];
    pairs_ = cosine.shape()[1];
  }

  void turn(Heads& heads, std::span<const int64_t> places) const {
    if (2 * pairs_ > heads.size) {
      throwBadInput("GroupQueryAttention: cos_cache turns {} numbers of a head, which has {}", 2 * pairs_, heads.size);
    }
    for (int64_t b = 0; b < heads.batch; ++b) {
      for (int64_t i = 0; i < heads.length; ++i) {
        const int64_t place = normalizeIndex(places[static_cast<size_t>(b * heads.length + i)], places_);
        for (int64_t head = 0; head < heads.heads; ++head) turnRow(heads.row(b, head, i), place);
      }
    }
  }

 private:
  void turnRow(float* x, int64_t place) const {
    for (int64_t pair = 0; pair < pairs_; ++pair) {
      const auto angle = static_cast<size_t>(place * pairs_ + pair);
      float& a = is_interleaved_ ? x[2 * pair] : x[pair];
      float& b = is_interleaved_ ? x[2 * pair + 1] : x[pair + pairs_];
      const float turned = a * cosine_[angle] - b * sine_[angle];
      b = a * sine_[angle] + b * cosine_[angle];
      a = turned;
    }
  }

  std::vector<float> cosine_, sine_;
  int64_t places_ = 0, pairs_ = 0;
  bool is_interleaved_;
};

QUANTIZE_FOR_EACH_CPU float dotProduct(const float* a, const float* b, int64_t count) {
  constexpr int64_t kLanes = 16;
  std::array<float, kLanes> sums{};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    for (int64_t lane = 0; lane < kLanes; ++lane) sums[static_cast<size_t>(lane)] += a[i + lane] * b[i + lane];
  }
  for (; i < count; ++i) sums[0] += a[i] * b[i];
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

/// to += factor * x
QUANTIZE_FOR_EACH_CPU void addScaled(float* __restrict to, const float* __restrict x, float factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] += factor * x[i];
}

/// Scores become shares that add up to 1, or to less where a sink takes its part.
void softmax(std::span<float> scores, const float* sink) {
  float largest = sink == nullptr ? -std::numeric_limits<float>::infinity() : *sink;
  for (const float score : scores) largest = std::max(largest, score);
  double total = sink == nullptr ? 0 : std::exp(static_cast<double>(*sink) - largest);
  for (float& score : scores) {
    score = std::exp(score - largest);
    total += score;
  }
  for (float& score : scores) score = static_cast<float>(score / total);
}

class GroupQueryAttention final : public Kernel {
 public:
  explicit GroupQueryAttention(const Node& node) : settings_(Settings::of(node)) {}

  void run(KernelContext& context) override {
    for (size_t i = kQuantizedFrom; i < context.inputCount(); ++i) {
      if (context.has(i)) throwUnsupported("GroupQueryAttention with keys and values of integers");
    }
    Call call = callOf(context);
    turn(context, call);
    call.present_key = withPast(context, kPastKey, call.key, call);
    call.present_value = withPast(context, kPastValue, call.value, call);
    attend(context, call);
    give(context, 1, call.present_key);
    give(context, 2, call.present_value);
  }

 private:
  struct Call {
    Heads query, key, value, present_key, present_value;
    std::vector<int64_t> past, totals;  // keys of each sample: before this call, and with it
    int64_t present_length = 0;
  };

  Call callOf(KernelContext& context) const {
    Call call;
    const Tensor& query = context.input(kQuery);
    if (query.rank() != 3)
      throwBadInput("GroupQueryAttention: query has shape {}, expected rank 3", toString(query.shape()));
    const bool is_packed = !context.has(kKey);
    const int64_t all_heads = settings_.heads + (is_packed ? 2 * settings_.kv_heads : 0);
    const int64_t size = query.shape()[2] / all_heads;
    if (size * all_heads != query.shape()[2]) {
      throwBadInput("GroupQueryAttention: query has shape {}, which {} heads do not divide", toString(query.shape()),
                    all_heads);
    }
    call.query = split(query, 0, settings_.heads, size);
    if (is_packed) {
      call.key = split(query, settings_.heads * size, settings_.kv_heads, size);
      call.value = split(query, (settings_.heads + settings_.kv_heads) * size, settings_.kv_heads, size);
    } else {
      const Shape expected{query.shape()[0], query.shape()[1], settings_.kv_heads * size};
      for (const auto& [input, heads] : {std::pair(kKey, &call.key), std::pair(kValue, &call.value)}) {
        const Tensor& given = context.input(input);
        if (given.shape() != expected) {
          throwBadInput("GroupQueryAttention: key and value have shape {}, expected {}", toString(given.shape()),
                        toString(expected));
        }
        *heads = split(given, 0, settings_.kv_heads, size);
      }
    }
    countKeys(context, call);
    return call;
  }

  /// 0 for what is no [batch, heads, length, size] or is not there.
  static int64_t lengthOfPast(KernelContext& context, size_t input) {
    const Tensor* const past = context.optionalInput(input);
    return past == nullptr || past->rank() != 4 ? 0 : past->shape()[2];
  }

  /// A prompt begins at place 0, however many keys are only there to fill up; later calls go on behind the past.
  static void countKeys(KernelContext& context, Call& call) {
    const int64_t length = call.query.length;
    const auto last_places = toInts(context.input(kLastPlaces));
    const auto total_length = toInts(context.input(kTotalLength));
    requireCount("seqlens_k", last_places.size(), static_cast<size_t>(call.query.batch));
    requireCount("total_sequence_length", total_length.size(), 1);
    const int64_t past_length = lengthOfPast(context, kPastKey);
    if (lengthOfPast(context, kPastValue) != past_length) {
      throwBadInput("GroupQueryAttention: past_key has {} keys, but past_value {}", past_length,
                    lengthOfPast(context, kPastValue));
    }
    call.present_length = std::max(total_length[0], past_length);
    for (const int64_t last : last_places) {
      const int64_t total = last + 1, past = total_length[0] == length ? 0 : total - length;
      if (past < 0 || past > past_length || total < 1 || past + length > call.present_length) {
        throwBadInput("GroupQueryAttention: seqlens_k {} does not fit {} new keys, {} past ones and a total of {}",
                      last, length, past_length, total_length[0]);
      }
      call.totals.push_back(total);
      call.past.push_back(past);
    }
  }

  void turn(KernelContext& context, Call& call) const {
    if (!settings_.rotates) return;
    std::vector<int64_t> places;
    if (context.has(kPlaces)) {
      places = toInts(context.input(kPlaces));
      requireCount("position_ids", places.size(), static_cast<size_t>(call.query.batch * call.query.length));
    } else {
      for (const int64_t past : call.past) {
        for (int64_t i = 0; i < call.query.length; ++i) places.push_back(past + i);
      }
    }
    const Rotation rotation(context.input(kCosine), context.input(kSine), settings_.is_interleaved);
    rotation.turn(call.query, places);
    rotation.turn(call.key, places);
  }

  /// The rows of earlier calls and behind them the new ones; zeros up to the length of the longest sample.
  static Heads withPast(KernelContext& context, size_t input, const Heads& added, const Call& call) {
    Heads all(added.batch, added.heads, call.present_length, added.size);
    std::vector<float> numbers;
    int64_t past_length = 0;
    if (context.has(input)) {
      const Tensor& past = context.input(input);
      past_length = lengthOfPast(context, input);
      const Shape expected{added.batch, added.heads, past_length, added.size};
      if (past.shape() != expected) {
        throwBadInput("GroupQueryAttention: past_key and past_value have shape {}, expected {}", toString(past.shape()),
                      toString(expected));
      }
      numbers = elementsAs<float>(past);
    }
    for (int64_t b = 0; b < added.batch; ++b) {
      const int64_t kept = call.past[static_cast<size_t>(b)];
      for (int64_t head = 0; head < added.heads; ++head) {
        const float* const from = numbers.data() + (b * added.heads + head) * past_length * added.size;
        std::copy_n(from, kept * added.size, all.row(b, head, 0));
        std::copy_n(added.row(b, head, 0), added.length * added.size, all.row(b, head, kept));
      }
    }
    return all;
  }

  void attend(KernelContext& context, const Call& call) const {
    const Heads& query = call.query;
    const int64_t width = query.heads * query.size;
    std::vector<float> result(static_cast<size_t>(query.batch * query.length * width), 0.0F);
    const Bias bias = biasOf(context, call);
    const std::vector<float> sinks = sinksOf(context);
    const int64_t products = query.batch * query.length * width * call.present_length;
#pragma omp parallel for collapse(2) schedule(static) if (products > kWorthThreads)
    for (int64_t b = 0; b < query.batch; ++b) {
      for (int64_t head = 0; head < query.heads; ++head) {
        std::vector<float> scores;
        for (int64_t i = 0; i < query.length; ++i) {
          float* const to = result.data() + (b * query.length + i) * width + head * query.size;
          attendRow(call, b, head, i, bias, sinks.empty() ? nullptr : &sinks[static_cast<size_t>(head)], scores, to);
        }
      }
    }
    giveAs(context, 0, {query.batch, query.length, width}, result);
  }

  /// attention_bias, [batch or 1, heads or 1, length, keys].
  struct Bias {
    std::vector<float> numbers;
    Shape shape;

    [[nodiscard]] const float* row(int64_t b, int64_t head, int64_t i) const {
      if (numbers.empty()) return nullptr;
      const int64_t sample = shape[0] == 1 ? 0 : b, at = shape[1] == 1 ? 0 : head;
      return numbers.data() + ((sample * shape[1] + at) * shape[2] + i) * shape[3];
    }
  };

  Bias biasOf(KernelContext& context, const Call& call) const {
    const Tensor* const given = context.optionalInput(kBias);
    if (given == nullptr) return {};
    const Shape& shape = given->shape();
    int64_t keys = 0;
    for (const int64_t total : call.totals) keys = std::max(keys, total);
    const bool fits = shape.size() == 4 && (shape[0] == 1 || shape[0] == call.query.batch) &&
                      (shape[1] == 1 || shape[1] == settings_.heads) && shape[2] == call.query.length &&
                      shape[3] >= keys;
    if (!fits) {
      throwBadInput("GroupQueryAttention: attention_bias has shape {}, expected [{} or 1, {} or 1, {}, {}]",
                    toString(shape), call.query.batch, settings_.heads, call.query.length, keys);
    }
    return {elementsAs<float>(*given), shape};
  }

  std::vector<float> sinksOf(KernelContext& context) const {
    if (const Tensor* const given = context.optionalInput(kSinks)) {
      requireCount("head_sink", static_cast<size_t>(given->elementCount()), static_cast<size_t>(settings_.heads));
      return elementsAs<float>(*given);
    }
    return std::vector<float>(settings_.has_smooth_softmax ? static_cast<size_t>(settings_.heads) : 0, 0.0F);
  }

  /// Query `i` of a sample sees the keys up to its own place: of those, the last `window`.
  void attendRow(const Call& call, int64_t b, int64_t head, int64_t i, const Bias& bias, const float* sink,
                 std::vector<float>& scores, float* to) const {
    const int64_t kv_head = head / (settings_.heads / settings_.kv_heads), size = call.query.size;
    const int64_t end = std::min(call.past[static_cast<size_t>(b)] + i + 1, call.totals[static_cast<size_t>(b)]);
    const int64_t first = settings_.window < 0 ? 0 : std::max<int64_t>(end - settings_.window, 0);
    const float scale = settings_.scale != 0 ? settings_.scale : 1 / std::sqrt(static_cast<float>(size));
    const float* const biases = bias.row(b, head, i);
    scores.resize(static_cast<size_t>(end - first));
    for (int64_t key = first; key < end; ++key) {
      float score = dotProduct(call.query.row(b, head, i), call.present_key.row(b, kv_head, key), size) * scale;
      if (settings_.softcap > 0) score = settings_.softcap * std::tanh(score / settings_.softcap);
      scores[static_cast<size_t>(key - first)] = biases == nullptr ? score : score + biases[key];
    }
    softmax(scores, sink);
    for (int64_t key = first; key < end; ++key) {
      addScaled(to, call.present_value.row(b, kv_head, key), scores[static_cast<size_t>(key - first)], size);
    }
  }

  static void give(KernelContext& context, size_t output, const Heads& heads) {
    if (output >= context.outputCount() || !context.wants(output)) return;
    giveAs(context, output, {heads.batch, heads.heads, heads.length, heads.size}, heads.numbers);
  }

  static void giveAs(KernelContext& context, size_t output, const Shape& shape, const std::vector<float>& numbers) {
    const DataType type = context.input(kQuery).type();
    withElementType(type, kRealTypes, "GroupQueryAttention", [&](auto example) {
      using T = decltype(example);
      std::ranges::transform(numbers, context.output(output, type, shape).data<T>().begin(), fromReal<T>);
    });
  }

  Settings settings_;
};

}  // namespace

void registerGroupQueryAttention(KernelRegistry& registry) {
  registry.add("com.microsoft", "GroupQueryAttention", 1,
               [](const Node& node, int64_t) { return std::make_unique<GroupQueryAttention>(node); });
}

}  // namespace quant::reference
