#include <benchmark/benchmark.h>

// jpeglib.h needs size_t and FILE.
#include <cstdio>
// clang-format off
#include <jpeglib.h>
// clang-format on

#include <cmath>
#include <cstdlib>
#include <span>
#include <vector>

#include "dataset/jpeg.h"
#include "dataset/preprocess.h"
#include "dataset/preprocess_file.h"

namespace quant::bench {
namespace {

/// As large as most pictures of ImageNet; with edges and slopes, so that it costs the decoder what a photo does.
constexpr ImageSize kSize{500, 375};

Image makePicture(ImageSize size) {
  Image image(size, 3);
  uint8_t* pixel = image.pixels.data();
  for (int y = 0; y < size.height; ++y) {
    for (int x = 0; x < size.width; ++x) {
      const double wave = std::sin(0.11 * x + 0.0003 * y * x) * std::cos(0.07 * y);
      for (const int shift : {0, 40, 90}) {
        *pixel++ = static_cast<uint8_t>(128 + 90 * wave + ((x / 37 + y / 29) % 2) * 30 + (x * 7 + y * 13 + shift) % 8);
      }
    }
  }
  return image;
}

std::vector<std::byte> encode(const Image& image) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 90, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = const_cast<uint8_t*>(image.row(static_cast<int>(info.next_scanline)));
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  const auto* begin = reinterpret_cast<const std::byte*>(bytes);
  std::vector<std::byte> file(begin, begin + size);
  std::free(bytes);
  return file;
}

Preprocess imagenet() { return resolve(presetNamed("imagenet"), {"image", DataType::kFloat32, {1, 3, 224, 224}}); }

// Bytes are those of the decoded picture.
void setBytes(benchmark::State& state, const Image& image) {
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(image.pixels.size()));
}

void decode(benchmark::State& state) {
  const Image image = makePicture(kSize);
  const std::vector<std::byte> file = encode(image);
  for (auto _ : state) benchmark::DoNotOptimize(decodeJpeg(file, "picture"));
  setBytes(state, image);
}

void resizeAndCrop(benchmark::State& state, Interpolation interpolation) {
  const Image image = makePicture(kSize);
  for (auto _ : state) {
    benchmark::DoNotOptimize(resizePart(image, {341, 256}, {58, 16, 224, 224}, interpolation));
  }
  setBytes(state, image);
}

/// Resizing, cropping and the conversion to float.
void preprocess(benchmark::State& state) {
  const Image image = makePicture(kSize);
  const Preprocess rule = imagenet();
  for (auto _ : state) benchmark::DoNotOptimize(apply(image, rule, DataType::kFloat32));
  setBytes(state, image);
}

void decodeAndPreprocess(benchmark::State& state) {
  const Image image = makePicture(kSize);
  const std::vector<std::byte> file = encode(image);
  const Preprocess rule = imagenet();
  for (auto _ : state) benchmark::DoNotOptimize(apply(decodeJpeg(file, "picture"), rule, DataType::kFloat32));
  setBytes(state, image);
}

BENCHMARK(decode)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(resizeAndCrop, bilinear, Interpolation::kBilinear)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(resizeAndCrop, bicubic, Interpolation::kBicubic)->Unit(benchmark::kMicrosecond);
BENCHMARK(preprocess)->Unit(benchmark::kMicrosecond);
BENCHMARK(decodeAndPreprocess)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace quant::bench
