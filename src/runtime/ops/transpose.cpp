#include <algorithm>
#include <optional>

#include "core/packed.h"
#include "runtime/ops/arguments.h"
#include "runtime/ops/register.h"
#include "runtime/ops/strided_copy.h"
#include "runtime/relabel.h"

namespace quant {

namespace {

/// `shape` and its strides with axes in the order of `permutation`.
struct Turned {
  Shape box;
  std::vector<int64_t> strides;
};

Turned turn(const Shape& shape, const std::vector<int64_t>& permutation) {
  const auto strides = rowMajorStrides(shape);
  Turned turned;
  for (const int64_t axis : permutation) {
    turned.box.push_back(shape[static_cast<size_t>(axis)]);
    turned.strides.push_back(strides[static_cast<size_t>(axis)]);
  }
  return turned;
}

constexpr int64_t kPictureRank = 4;  // tensors of lower rank seldom have channels

/// Moves the channels of a picture [N, C, ...] behind its pixels, or back: elements that lie so already stay.
std::optional<Tensor> withMovedChannels(const Tensor& src, const std::vector<int64_t>& permutation) {
  if (src.rank() < kPictureRank || elementCount(src.shape()) == 0) return {};
  std::vector<int64_t> to_last = allAxes(src.rank()), to_first = to_last;
  std::rotate(to_last.begin() + 1, to_last.begin() + 2, to_last.end());
  std::rotate(to_first.begin() + 1, to_first.end() - 1, to_first.end());
  const Layout from = src.layout();
  if (permutation != (from == Layout::kPlain ? to_first : to_last)) return {};
  Shape shape;
  for (const int64_t axis : permutation) shape.push_back(src.shape()[static_cast<size_t>(axis)]);
  return relabel(src, std::move(shape), from == Layout::kPlain ? Layout::kChannelsLast : Layout::kPlain);
}

void transpose(const Node& node, KernelContext& context);

/// Elements of less than a byte are moved as bytes.
void transposePacked(const Node& node, KernelContext& context) {
  const DataType type = context.inputAsIs(0).type();
  KernelContext::Value bytes{unpack(context.input(0)), {}, {}, false};
  KernelContext moved({&bytes}, 1, {true});
  transpose(node, moved);
  context.setOutput(0, pack(convertLayout(moved.results()[0].value(), Layout::kPlain), type));
}

void transpose(const Node& node, KernelContext& context) {
  if (isPacked(context.inputAsIs(0).type())) return transposePacked(node, context);
  const int64_t rank = context.inputAsIs(0).rank();
  std::vector<int64_t> reversed = allAxes(rank);
  std::ranges::reverse(reversed);
  const auto permutation = normalizeAxes(node.attr("perm", reversed), rank);
  requireCount("Transpose's perm", permutation.size(), static_cast<size_t>(rank));
  if (auto moved = withMovedChannels(context.inputAsIs(0), permutation)) return context.setOutput(0, std::move(*moved));
  const Tensor& src = context.input(0);
  const Turned turned = turn(src.shape(), permutation);
  copyStrided(src, context.output(0, src.type(), turned.box), turned.box, turned.strides);
}

/// Each matrix of a batch transposed; part of what contributed products are short for.
void transposeLastTwo(const Node&, KernelContext& context) {
  const Tensor& src = context.input(0);
  if (src.rank() < 2) return context.setOutput(0, src.alias());
  std::vector<int64_t> permutation = allAxes(src.rank());
  std::swap(permutation[permutation.size() - 1], permutation[permutation.size() - 2]);
  const Turned turned = turn(src.shape(), permutation);
  copyStrided(src, context.output(0, src.type(), turned.box), turned.box, turned.strides);
}

/// N, C, H, W of an input that blocks of pixels are moved in or out of.
struct ImageSizes {
  int64_t batch, channels, height, width;
};

ImageSizes imageSizes(const Node& node, const Tensor& src) {
  if (src.rank() != 4) throwBadInput("{} of shape {}, expected [N,C,H,W]", node.opType(), toString(src.shape()));
  return {src.shape()[0], src.shape()[1], src.shape()[2], src.shape()[3]};
}

int64_t blockSize(const Node& node) {
  const int64_t block = node.attr("blocksize", int64_t{0});
  if (block < 1 || block > 1 << 15) throwBadInput("{} with blocksize {}", node.opType(), block);
  return block;
}

//   DCR: [N, by, bx, C', H, W]  ->  [N, C', H, by, W, bx]
//   CRD: [N, C', by, bx, H, W]  ->  [N, C', H, by, W, bx]
void depthToSpace(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto [n, c, h, w] = imageSizes(node, src);
  const int64_t b = blockSize(node);
  if (c % (b * b) != 0) throwBadInput("DepthToSpace of {} channels in blocks of {} x {}", c, b, b);
  const std::string mode = node.attr("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") throwBadInput("DepthToSpace with mode '{}', expected DCR or CRD", mode);
  const int64_t depth = c / (b * b);
  const Turned turned = mode == "DCR" ? turn({n, b, b, depth, h, w}, {0, 3, 4, 1, 5, 2})
                                      : turn({n, depth, b, b, h, w}, {0, 1, 4, 2, 5, 3});
  copyStrided(src, context.output(0, src.type(), {n, depth, h * b, w * b}), turned.box, turned.strides);
}

//   [N, C, H', by, W', bx]  ->  [N, by, bx, C, H', W']
void spaceToDepth(const Node& node, KernelContext& context) {
  const Tensor& src = context.input(0);
  const auto [n, c, h, w] = imageSizes(node, src);
  const int64_t b = blockSize(node);
  if (h % b != 0 || w % b != 0) throwBadInput("SpaceToDepth of {} x {} pixels in blocks of {} x {}", h, w, b, b);
  const Turned turned = turn({n, c, h / b, b, w / b, b}, {0, 3, 5, 1, 2, 4});
  copyStrided(src, context.output(0, src.type(), {n, c * b * b, h / b, w / b}), turned.box, turned.strides);
}

}  // namespace

void registerTransposeOps(KernelRegistry& registry) {
  registry.addFunction("Transpose", 1, transpose);
  registry.addFunction("quantize", "TransposeLastTwo", 1, transposeLastTwo);
  registry.addFunction("DepthToSpace", 1, depthToSpace);
  registry.addFunction("SpaceToDepth", 1, spaceToDepth);
}

}  // namespace quant
