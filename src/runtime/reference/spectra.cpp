// DFT, STFT, MelWeightMatrix. The last axis of a tensor of complex numbers holds the real and the imaginary part.
#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.h"
#include "runtime/ops/arguments.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/fourier_transform.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

using Direction = FourierTransform::Direction;
using Number = std::complex<double>;
using Numbers = std::vector<Number>;

/// Longer ones are a damaged file's.
constexpr int64_t kLongest = int64_t{1} << 28;

int64_t requireLength(int64_t length, const char* what) {
  if (length < 1 || length > kLongest) throwBadInput("{} is {}, expected 1 to {}", what, length, kLongest);
  return length;
}

int64_t scalarOf(const std::vector<int64_t>& values, const char* what) {
  if (values.size() != 1) throwBadInput("{} has {} elements instead of one", what, values.size());
  return values[0];
}

/// Numbers of a tensor whose last axis holds one part or two.
class Signal {
 public:
  explicit Signal(const Tensor& tensor) : parts_(tensor.rank() == 0 ? 0 : tensor.shape().back()) {
    if (parts_ != 1 && parts_ != 2) {
      throwBadInput("a signal of shape {}; its last axis should hold 1 (real) or 2 (complex) numbers",
                    toString(tensor.shape()));
    }
    elements_ = elementsAs<double>(tensor);
  }

  [[nodiscard]] bool isReal() const { return parts_ == 1; }
  [[nodiscard]] Number operator[](int64_t index) const {
    const auto at = static_cast<size_t>(index * parts_);
    return {elements_[at], isReal() ? 0 : elements_[at + 1]};
  }

 private:
  int64_t parts_;
  std::vector<double> elements_;
};

void give(KernelContext& context, DataType type, Shape shape, const std::vector<double>& values) {
  withElementType(type, kNumericTypes, "DFT, STFT or MelWeightMatrix", [&](auto example) {
    using T = decltype(example);
    std::ranges::transform(values, context.output(0, type, std::move(shape)).data<T>().begin(), fromReal<T>);
  });
}

// --- DFT ----------------------------------------------------------------------------------------------------------

struct Dft {
  bool inverse, onesided;
  int64_t axis, length;

  [[nodiscard]] bool givesReal() const { return inverse && onesided; }
  [[nodiscard]] int64_t resultSize() const { return onesided && !inverse ? length / 2 + 1 : length; }
};

/// One line of the signal, cut or filled with zeros; the half that onesided leaves out is the other's mirror image.
Numbers lineOf(const Signal& signal, const Dft& dft, int64_t start, int64_t step, int64_t size) {
  Numbers line(static_cast<size_t>(dft.length));
  const int64_t given = std::min(size, dft.givesReal() ? dft.length / 2 + 1 : dft.length);
  for (int64_t n = 0; n < given; ++n) line[static_cast<size_t>(n)] = signal[start + n * step];
  for (int64_t n = dft.length / 2 + 1; dft.givesReal() && n < dft.length; ++n) {
    line[static_cast<size_t>(n)] = std::conj(line[static_cast<size_t>(dft.length - n)]);
  }
  return line;
}

void runDft(Dft dft, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Signal signal(src);
  dft.axis = normalizeIndex(dft.axis, src.rank());
  if (dft.axis == src.rank() - 1) throwBadInput("the axis of a DFT is the one of real and imaginary parts");
  Shape shape = src.shape();
  shape.pop_back();
  const AxisView from = viewAlong(shape, dft.axis);
  const auto length = optionalInts(context, 1);
  dft.length = requireLength(length            ? scalarOf(*length, "dft_length")
                             : dft.givesReal() ? 2 * (from.size - 1)
                                               : from.size,
                             "dft_length");
  shape[static_cast<size_t>(dft.axis)] = dft.resultSize();
  const AxisView to = viewAlong(shape, dft.axis);
  const int64_t parts = dft.givesReal() ? 1 : 2;
  shape.push_back(parts);
  std::vector<double> results(static_cast<size_t>(elementCount(shape)));
  const FourierTransform transform(dft.length, dft.inverse ? Direction::kInverse : Direction::kForward);
  for (int64_t line = 0; line < from.lineCount(); ++line) {
    Numbers numbers = lineOf(signal, dft, from.lineStart(line), from.inner, from.size);
    transform.run(numbers);
    for (int64_t k = 0; k < to.size; ++k) {
      double* const result = results.data() + (to.lineStart(line) + k * to.inner) * parts;
      result[0] = numbers[static_cast<size_t>(k)].real();
      if (parts == 2) result[1] = numbers[static_cast<size_t>(k)].imag();
    }
  }
  give(context, src.type(), shape, results);
}

void dft(const Node& node, KernelContext& context, int64_t axis) {
  runDft({node.attr("inverse", int64_t{0}) != 0, node.attr("onesided", int64_t{0}) != 0, axis, 0}, context);
}

// --- STFT ---------------------------------------------------------------------------------------------------------

void stft(const Node& node, KernelContext& context) {
  const Tensor& input = context.input(0);
  const bool is_bare = input.rank() == 2;  // [batch, length], as torch exports real signals and onnxruntime takes them
  const Tensor src = is_bare ? input.alias({input.shape()[0], input.shape()[1], 1}) : input.alias(input.shape());
  if (src.rank() != 3)
    throwBadInput("the signal has shape {}, expected [batch, length, 1 or 2]", toString(src.shape()));
  const Signal signal(src);
  const int64_t step = requireLength(scalarOf(toInts(context.input(1)), "frame_step"), "frame_step");
  const auto window = context.has(2) ? elementsAs<double>(context.input(2)) : std::vector<double>();
  const auto given = optionalInts(context, 3);
  if (!given && !context.has(2)) throwBadInput("STFT has neither a window nor a frame_length");
  const int64_t length = requireLength(given ? scalarOf(*given, "frame_length") : std::ssize(window), "frame_length");
  if (!window.empty() && std::ssize(window) != length) {
    throwBadInput("a window of {} elements for frames of {}", window.size(), length);
  }
  const int64_t batch = src.shape()[0], size = src.shape()[1];
  const int64_t frames = size < length ? 0 : (size - length) / step + 1;
  const int64_t bins = node.attr("onesided", int64_t{1}) != 0 ? length / 2 + 1 : length;
  std::vector<double> results;
  const FourierTransform transform(length, Direction::kForward);
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t frame = 0; frame < frames; ++frame) {
      Numbers numbers(static_cast<size_t>(length));
      for (size_t n = 0; n < numbers.size(); ++n) {
        numbers[n] = signal[b * size + frame * step + static_cast<int64_t>(n)] * (window.empty() ? 1.0 : window[n]);
      }
      transform.run(numbers);
      for (int64_t k = 0; k < bins; ++k) {
        const Number& value = numbers[static_cast<size_t>(k)];
        results.insert(results.end(), {value.real(), value.imag()});
      }
    }
  }
  give(context, src.type(), {batch, frames, bins, 2}, results);
}

// --- MelWeightMatrix ----------------------------------------------------------------------------------------------

/// The spectrum's bins at which triangles of equal width in mel begin, peak and end.
std::vector<int64_t> melBins(int64_t triangles, int64_t dft_length, int64_t sample_rate, double low, double high) {
  const auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double step = (mel(high) - mel(low)) / static_cast<double>(triangles + 2);
  std::vector<int64_t> bins;
  for (int64_t i = 0; i < triangles + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (static_cast<double>(i) * step + mel(low)) / 2595) - 1);
    const double bin = std::floor(static_cast<double>(dft_length + 1) * hertz / static_cast<double>(sample_rate));
    bins.push_back(truncateTo<int64_t>(std::clamp(bin, 0.0, static_cast<double>(dft_length))));
  }
  return bins;
}

void melWeightMatrix(const Node& node, KernelContext& context) {
  const auto whole = [&](size_t index, const char* what) {
    return requireLength(scalarOf(toInts(context.input(index)), what), what);
  };
  const auto real = [&](size_t index) {
    const auto values = elementsAs<double>(context.input(index));
    if (values.size() != 1) throwBadInput("input {} has {} elements instead of one", index, values.size());
    return values[0];
  };
  const int64_t triangles = whole(0, "num_mel_bins"), dft_length = whole(1, "dft_length");
  const auto bins = melBins(triangles, dft_length, whole(2, "sample_rate"), real(3), real(4));
  const int64_t rows = dft_length / 2 + 1;
  std::vector<double> weights(static_cast<size_t>(rows * triangles));
  const auto put = [&](int64_t row, int64_t column, double weight) {
    if (row < rows) weights[static_cast<size_t>(row * triangles + column)] = weight;
  };
  for (int64_t i = 0; i < triangles; ++i) {
    const int64_t low = bins[static_cast<size_t>(i)], peak = bins[static_cast<size_t>(i) + 1];
    const int64_t high = bins[static_cast<size_t>(i) + 2];
    for (int64_t j = low; j < peak; ++j) put(j, i, static_cast<double>(j - low) / static_cast<double>(peak - low));
    put(peak, i, 1);
    for (int64_t j = peak; j < high; ++j) put(j, i, static_cast<double>(high - j) / static_cast<double>(high - peak));
  }
  const auto type = static_cast<DataType>(node.attr("output_datatype", static_cast<int64_t>(DataType::kFloat32)));
  give(context, type, {rows, triangles}, weights);
}

}  // namespace

void registerSpectra(KernelRegistry& registry) {
  registry.addFunction(
      "DFT", 17, [](const Node& node, KernelContext& context) { dft(node, context, node.attr("axis", int64_t{1})); });
  registry.addFunction("DFT", 20, [](const Node& node, KernelContext& context) {
    const auto axis = optionalInts(context, 2);
    dft(node, context, axis ? scalarOf(*axis, "axis") : -2);
  });
  registry.addFunction("MelWeightMatrix", 17, melWeightMatrix);
  registry.addFunction("STFT", 17, stft);
}

}  // namespace quant::reference
