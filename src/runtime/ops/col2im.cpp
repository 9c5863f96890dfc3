#include <algorithm>

#include "runtime/element_type.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"

namespace quant {

namespace {

/// The geometry of blocks that slide over an image.
struct Blocks {
  Shape image, block, counts;  // sizes along each spatial axis
  std::vector<int64_t> strides, dilations, pads;
};

Blocks blocksOf(const Node& node, KernelContext& context) {
  Blocks blocks;
  blocks.image = toInts(context.input(1));
  blocks.block = toInts(context.input(2));
  const size_t rank = blocks.image.size();
  blocks.strides = node.attr("strides", std::vector<int64_t>(rank, 1));
  blocks.dilations = node.attr("dilations", std::vector<int64_t>(rank, 1));
  blocks.pads = node.attr("pads", std::vector<int64_t>(2 * rank, 0));
  requireCount("Col2Im's block_shape", blocks.block.size(), rank);
  requireCount("Col2Im's strides", blocks.strides.size(), rank);
  requireCount("Col2Im's dilations", blocks.dilations.size(), rank);
  requireCount("Col2Im's pads", blocks.pads.size(), 2 * rank);
  for (size_t i = 0; i < rank; ++i) {
    if (blocks.strides[i] < 1 || blocks.block[i] < 1) throwBadInput("Col2Im with a stride or block smaller than 1");
    const int64_t extent = (blocks.block[i] - 1) * blocks.dilations[i] + 1;
    const int64_t room = blocks.image[i] + blocks.pads[i] + blocks.pads[i + rank] - extent;
    blocks.counts.push_back(room < 0 ? 0 : room / blocks.strides[i] + 1);
  }
  return blocks;
}

/// Where element `inside` of block `number` (both row-major) lies in the image; -1 when it is padding.
int64_t imageOffset(const Blocks& blocks, int64_t inside, int64_t number) {
  int64_t offset = 0, stride = 1;
  for (size_t i = blocks.image.size(); i-- > 0;) {
    const int64_t at =
        number % blocks.counts[i] * blocks.strides[i] + inside % blocks.block[i] * blocks.dilations[i] - blocks.pads[i];
    if (at < 0 || at >= blocks.image[i]) return -1;
    offset += at * stride;
    stride *= blocks.image[i];
    number /= blocks.counts[i];
    inside /= blocks.block[i];
  }
  return offset;
}

//   src [N, C * block elements, blocks]  ->  dst [N, C, image...], where blocks overlap their elements are added
void col2Im(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const Blocks blocks = blocksOf(node, context);
  const int64_t block = elementCount(blocks.block), count = elementCount(blocks.counts);
  if (src.rank() != 3 || src.shape()[1] % block != 0 || src.shape()[2] != count) {
    throwBadInput("Col2Im of shape {}, expected [N,C*{},{}]", toString(src.shape()), block, count);
  }
  const int64_t planes = src.shape()[0] * (src.shape()[1] / block), pixels = elementCount(blocks.image);
  Shape shape{src.shape()[0], src.shape()[1] / block};
  shape.insert(shape.end(), blocks.image.begin(), blocks.image.end());
  Tensor& dst = context.output(0, src.type(), std::move(shape));
  withElementType(src.type(), kNumericTypes, "Col2Im", [&](auto example) {
    using T = decltype(example);
    const T* from = src.data<T>().data();
    T* const to = dst.data<T>().data();
    std::fill_n(to, dst.elementCount(), T{});
    for (int64_t row = 0; row < planes * block; ++row) {
      for (int64_t number = 0; number < count; ++number, ++from) {
        const int64_t at = imageOffset(blocks, row % block, number);
        if (at < 0) continue;
        T& pixel = to[row / block * pixels + at];
        pixel = T(static_cast<ComputeType<T>>(pixel) + static_cast<ComputeType<T>>(*from));
      }
    }
  });
}

}  // namespace

void registerFoldOps(KernelRegistry& registry) { registry.addFunction("Col2Im", 18, col2Im); }

}  // namespace quant
