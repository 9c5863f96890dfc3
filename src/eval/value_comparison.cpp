#include "eval/value_comparison.h"

#include <algorithm>
#include <map>
#include <memory>

#include "core/half_conversion.h"
#include "core/workers.h"
#include "eval/as_float.h"
#include "eval/cut_graph.h"
#include "runtime/executor.h"

namespace quant {

namespace {

/// The value as real numbers; nothing when it holds none.
std::optional<Tensor> realOf(const Tensor& tensor, const std::optional<QuantParams>& params) {
  const Tensor plain = convertLayout(tensor, Layout::kPlain);
  if (params && plain.type() == params->storage()) return params->dequantize(plain);
  return isFloatingPoint(plain.type()) ? asFloat(plain) : std::nullopt;
}

/// Reals in the type of an input; quantized where it holds integers.
Tensor stored(const Tensor& real, DataType type, const std::optional<QuantParams>& params) {
  if (params) return params->quantize(real);
  if (type == DataType::kFloat16 || type == DataType::kBFloat16) return toHalf(real, type);
  if (type != DataType::kFloat64) return real.clone();
  Tensor wide(type, real.shape());
  std::ranges::copy(real.data<float>(), wide.data<double>().begin());
  return wide;
}

/// What one sample's run of two graphs tells of the matched values.
struct PairValues {
  std::vector<std::optional<Tensor>> expected;  ///< of the baseline, as reals
  std::vector<DataType> baseline_types, types;
  std::vector<Shape> shapes;  ///< of the baseline
  std::vector<bool> same_shape;
  std::vector<Agreement> agreements;
};

/// Two graphs that are run on the same sample.
class PairRun {
 public:
  PairRun(const Graph& baseline, const Graph& other, bool fuse, const std::vector<MatchedValue>& matches)
      : matches_(matches) {
    std::set<std::string> expected, actual;
    for (size_t i = 0; i < matches.size(); ++i) {
      expected.insert(matches[i].baseline.name);
      actual.insert(matches[i].actual.name);
      by_baseline_.emplace(matches[i].baseline.name, i);
      by_actual_.emplace(matches[i].actual.name, i);
    }
    expected_ = std::make_unique<Executor>(baseline, ExecutorOptions{Backend::kOneDnn, expected});
    actual_ = std::make_unique<Executor>(other, ExecutorOptions{Backend::kOneDnn, actual, fuse});
  }

  PairValues run(const NamedTensors& baseline_inputs, const NamedTensors& inputs) {
    PairValues values;
    values.expected.resize(matches_.size());
    values.baseline_types.resize(matches_.size(), DataType::kUndefined);
    values.types = values.baseline_types;
    values.shapes.resize(matches_.size());
    values.same_shape.resize(matches_.size());
    values.agreements.resize(matches_.size());
    expected_->run(baseline_inputs, [&](const std::string& name, const Tensor& tensor) {
      const size_t i = by_baseline_.at(name);
      values.baseline_types[i] = tensor.type();
      values.shapes[i] = tensor.shape();
      const auto real = realOf(tensor, matches_[i].baseline.params);
      if (real) values.expected[i] = real->clone();  // the executor uses the memory again
    });
    actual_->run(inputs, [&](const std::string& name, const Tensor& tensor) {
      const size_t i = by_actual_.at(name);
      values.types[i] = tensor.type();
      const auto& x = values.expected[i];
      const auto y = realOf(tensor, matches_[i].actual.params);
      values.same_shape[i] = tensor.shape() == values.shapes[i];
      if (x && y && values.same_shape[i]) values.agreements[i].add(*x, *y);
    });
    return values;
  }

 private:
  const std::vector<MatchedValue>& matches_;
  std::map<std::string, size_t> by_baseline_, by_actual_;
  std::unique_ptr<Executor> expected_, actual_;
};

/// Both models in pieces, which are given the same numbers.
class Pieces {
 public:
  /// `probe` tells which values both models compute in the same shape: only these can be given.
  Pieces(const Graph& baseline, const Graph& other, const std::vector<MatchedValue>& matches, const PairValues& probe)
      : matches_(matches), types_(probe.types) {
    std::vector<CutValue> expected, actual;
    for (size_t i = 0; i < matches.size(); ++i) {
      if (probe.agreements[i].elements() == 0) continue;
      given_.push_back(i);
      expected.push_back({matches[i].baseline.name, probe.baseline_types[i]});
      actual.push_back({matches[i].actual.name, probe.types[i]});
    }
    baseline_ = std::make_unique<CutGraph>(cutAtValues(baseline, expected));
    other_ = std::make_unique<CutGraph>(cutAtValues(other, actual));
  }

  [[nodiscard]] PairRun makeRun() const { return {baseline_->graph, other_->graph, true, matches_}; }

  /// What each piece makes of the values of `whole`, a run of the whole models; nothing where a sample has other shapes
  /// than the probe's.
  [[nodiscard]] std::vector<Agreement> run(PairRun& run, const PairValues& whole, NamedTensors baseline_inputs,
                                           NamedTensors inputs) const {
    std::vector<std::optional<Tensor>> given;
    for (const size_t match : given_) {
      if (whole.agreements[match].elements() == 0) return std::vector<Agreement>(matches_.size());
      const auto& params = matches_[match].actual.params;
      given.push_back(realOf(stored(*whole.expected[match], types_[match], params), params));
    }
    give(*baseline_, given, baseline_inputs);
    give(*other_, given, inputs);
    return run.run(baseline_inputs, inputs).agreements;
  }

 private:
  static void give(const CutGraph& cut, const std::vector<std::optional<Tensor>>& given, NamedTensors& inputs) {
    for (const CutInput& input : cut.inputs) {
      inputs.insert_or_assign(input.name, stored(*given[input.value], input.type, input.params));
    }
  }

  const std::vector<MatchedValue>& matches_;
  std::vector<DataType> types_;
  std::vector<size_t> given_;  // the matches that the graphs are cut at
  std::unique_ptr<CutGraph> baseline_, other_;
};

/// What is kept of one sample.
struct SampleAgreements {
  std::vector<Agreement> whole, pieces;
};

}  // namespace

std::set<std::string> resultsOf(const Graph& graph) {
  std::set<std::string> results;
  for (const Node* node : graph.nodes()) {
    for (int i = 0; i < node->outputCount(); ++i) results.insert(node->output(i));
  }
  return results;
}

std::vector<ComparedValue> compareValues(const Subject& baseline, const Subject& subject, const Graph& lowered,
                                         std::vector<MatchedValue> matches, const ValueComparisonOptions& options) {
  const auto whole_run = [&] { return PairRun(*baseline.graph, lowered, false, matches); };
  const PairValues probe = whole_run().run(baseline.dataset->load(0).inputs, subject.dataset->load(0).inputs);
  std::optional<Pieces> pieces;
  if (options.separately) pieces.emplace(*baseline.graph, *subject.graph, matches, probe);

  const size_t count = std::min(options.samples, subject.dataset->size());
  // Kept by index and summed in order: a sum must not depend on which sample was ready first.
  std::vector<SampleAgreements> of_samples(count);
  const auto make_task = [&](size_t) -> Task {
    auto whole = std::make_shared<PairRun>(whole_run());
    std::shared_ptr<PairRun> separate;
    if (pieces) separate = std::make_shared<PairRun>(pieces->makeRun());
    return [&, whole, separate](size_t index) {
      Sample expected = baseline.dataset->load(index), actual = subject.dataset->load(index);
      PairValues values = whole->run(expected.inputs, actual.inputs);
      if (separate) {
        of_samples[index].pieces = pieces->run(*separate, values, std::move(expected.inputs), std::move(actual.inputs));
      }
      of_samples[index].whole = std::move(values.agreements);
    };
  };
  runWorkers(count, {0, options.progress}, make_task);

  std::vector<ComparedValue> result;
  for (size_t i = 0; i < matches.size(); ++i) {
    ComparedValue value{std::move(matches[i]), probe.types[i], probe.same_shape[i], {}, {}};
    for (const SampleAgreements& sample : of_samples) {
      value.agreement.merge(sample.whole[i]);
      if (!sample.pieces.empty()) value.added.merge(sample.pieces[i]);
    }
    result.push_back(std::move(value));
  }
  return result;
}

}  // namespace quant
