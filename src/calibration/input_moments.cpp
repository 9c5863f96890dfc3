#include "calibration/input_moments.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/for_each_cpu.h"
#include "core/interrupt.h"
#include "runtime/executor.h"
#include "runtime/kernel.h"

namespace quant {

namespace {

/// sums[j] += sum over rows of x[i] * x[j], for j >= i.
QUANTIZE_FOR_EACH_CPU void addProducts(const float* rows, size_t count, size_t channels, size_t i, float* sums) {
  size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const float *a = rows + r * channels, *b = a + channels, *c = b + channels, *d = c + channels;
    const float ai = a[i], bi = b[i], ci = c[i], di = d[i];
    for (size_t j = i; j < channels; ++j) sums[j] += (ai * a[j] + bi * b[j]) + (ci * c[j] + di * d[j]);
  }
  for (; r < count; ++r) {
    const float* const a = rows + r * channels;
    for (size_t j = i; j < channels; ++j) sums[j] += a[i] * a[j];
  }
}

QUANTIZE_FOR_EACH_CPU void addSquares(const float* rows, size_t count, size_t channels, float* sums) {
  for (size_t r = 0; r < count; ++r) {
    for (size_t j = 0; j < channels; ++j) sums[j] += rows[r * channels + j] * rows[r * channels + j];
  }
}

/// Sums over the rows seen so far.
class MomentSums {
 public:
  explicit MomentSums(bool with_products) : with_products_(with_products) {}

  void observe(const Tensor& tensor) {
    if (tensor.type() != DataType::kFloat32 || tensor.rank() == 0 || tensor.elementCount() == 0) return;
    const auto data = tensor.data<float>();
    if (!std::ranges::all_of(data, [](float x) { return std::isfinite(x); })) return;
    const auto channels = static_cast<size_t>(tensor.shape().back());
    if (sums_.channels == 0) start(channels);
    if (channels != sums_.channels) return;
    const size_t rows = data.size() / channels;
    addSquares(data.data(), rows, channels, sums_.mean_squares.data());
    rows_ += rows;
    if (!with_products_) return;
#pragma omp parallel for schedule(dynamic, 16)
    for (size_t i = 0; i < channels; ++i) {
      addProducts(data.data(), rows, channels, i, sums_.products.data() + i * channels);
    }
  }

  [[nodiscard]] std::shared_ptr<const InputMoments> means() && {
    const float factor = rows_ == 0 ? 0 : 1 / static_cast<float>(rows_);
    for (float& sum : sums_.mean_squares) sum *= factor;
    for (float& sum : sums_.products) sum *= factor;
    return std::make_shared<const InputMoments>(std::move(sums_));
  }

 private:
  void start(size_t channels) {
    sums_.channels = channels;
    sums_.mean_squares.resize(channels);
    if (with_products_) sums_.products.resize(channels * channels);
  }

  bool with_products_;
  InputMoments sums_;
  size_t rows_ = 0;
};

/// Those whose products fit into the memory that is granted, the smallest first.
std::set<std::string> chooseForProducts(const Graph& graph, const std::set<std::string>& values, uint64_t max_bytes) {
  std::vector<std::pair<uint64_t, std::string>> sizes;
  for (const auto& value : values) {
    const auto type = graph.valueType(value);
    const int64_t channels = type && type->shape && !type->shape->empty() ? type->shape->back() : -1;
    if (channels > 0) sizes.emplace_back(static_cast<uint64_t>(channels * channels) * sizeof(float), value);
  }
  std::ranges::sort(sizes);
  std::set<std::string> chosen;
  for (const auto& [bytes, value] : sizes) {
    if (bytes > max_bytes) break;
    max_bytes -= bytes;
    chosen.insert(value);
  }
  return chosen;
}

}  // namespace

MomentsTable collectMoments(const Graph& graph, const std::set<std::string>& values, const SampleSource& samples,
                            const MomentsOptions& options) {
  const auto with_products = chooseForProducts(graph, values, options.max_bytes);
  std::map<std::string, MomentSums> sums;
  for (const auto& value : values) sums.emplace(value, MomentSums(with_products.contains(value)));
  Executor executor(graph, {.watched = values});
  const Watcher watch = [&](const std::string& value, const Tensor& tensor) {
    sums.at(value).observe(convertLayout(tensor, Layout::kPlain));
  };
  for (size_t index = 0; index < samples.count; ++index) {
    throwIfInterrupted();
    const Sample sample = samples.load(index);
    try {
      auto outputs = executor.run(sample.inputs, watch);
      if (options.take_outputs) options.take_outputs(index, std::move(outputs));
    } catch (Error& error) {
      error.addContext(fmt::format("calibrating with '{}'", sample.name));
      throw;
    }
    if (options.progress) options.progress(static_cast<int64_t>(index + 1), static_cast<int64_t>(samples.count));
  }
  MomentsTable table;
  for (auto& [value, sum] : sums) table.emplace(value, std::move(sum).means());
  return table;
}

}  // namespace quant
