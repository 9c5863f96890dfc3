#include "quantizer/apply_weight_only.h"

#include <algorithm>

#include "core/error.h"
#include "quantizer/block_layout.h"
#include "quantizer/weight_maker.h"

namespace quant {

namespace {

using Form = WeightUse::Form;
constexpr const char* kMicrosoft = "com.microsoft";

onnx::NodeProto withInt(onnx::NodeProto node, const char* attribute, int64_t value) {
  auto& added = *node.add_attribute();
  added.set_name(attribute);
  added.set_type(onnx::AttributeProto::INT);
  added.set_i(value);
  return node;
}

onnx::NodeProto withText(onnx::NodeProto node, const char* attribute, const std::string& value) {
  auto& added = *node.add_attribute();
  added.set_name(attribute);
  added.set_type(onnx::AttributeProto::STRING);
  added.set_s(value);
  return node;
}

class WeightRewriter {
 public:
  WeightRewriter(Graph& graph, const MomentsTable& moments) : graph_(graph), moments_(moments) {}

  void store(const StoredWeights& stored) {
    maker_ = std::make_shared<WeightMaker>(graph_.constant(stored.constant)->alias(), stored.storage,
                                           feedbackFor(stored.multiplied_with));
    name_ = stored.constant;
    integers_ = bytes_ = scale_ = zero_ = dequantized_ = "";
    for (const WeightUse& use : stored.uses) {
      Node& node = *graph_.producer(use.output);
      switch (use.form) {
        case Form::kDequantized: graph_.setInput(node, use.input, dequantized()); break;
        case Form::kLookedUp: lookUp(node); break;
        case Form::kBlocksLookedUp: lookUpBlocks(node); break;
        case Form::kMatMulNBits: multiply(node); break;
        case Form::kGatherBlockQuantized: gatherBlocks(node); break;
      }
    }
  }

 private:
  std::shared_ptr<ErrorFeedback> feedbackFor(const std::string& value) {
    const auto found = moments_.find(value);
    if (found == moments_.end() || found->second->channels == 0) return nullptr;
    auto& feedback = feedback_[value];
    if (feedback == nullptr) feedback = std::make_shared<ErrorFeedback>(found->second);
    return feedback;
  }

  std::string add(const char* suffix, WeightPart part, DataType type, Shape shape,
                  std::function<Tensor(const CodedWeights&)> form) {
    return graph_.addConstant(name_ + suffix, deriveFrom(maker_, part, type, std::move(shape), std::move(form)));
  }

  std::string addScales(Shape shape) {
    return add("_scale", WeightPart::kScales, maker_->realType(), shape,
               [type = maker_->realType(), shape](const CodedWeights& coded) {
                 return scalesTensor(coded, type).alias(shape);
               });
  }

  // --- ONNX's operators ---------------------------------------------------------------------------------------------

  const std::string& integers() {
    if (!integers_.empty()) return integers_;
    return integers_ = add("_quantized", WeightPart::kIntegers, maker_->storage().type, maker_->shape(),
                           [type = maker_->storage().type](const CodedWeights& coded) {
                             return storedTensor(coded.shape, type, coded.integers);
                           });
  }

  /// Readers that share the weights share the node.
  const std::string& dequantized() {
    if (!dequantized_.empty()) return dequantized_;
    const WeightStorage& storage = maker_->storage();
    std::vector<std::string> inputs = {integers(), addScales(scalesShape(maker_->shape(), storage))};
    if (storage.type == DataType::kUInt4) {
      inputs.push_back(add("_zero_point", WeightPart::kZeros, storage.type, scalesShape(maker_->shape(), storage),
                           [type = storage.type](const CodedWeights& coded) {
                             return storedTensor(coded.scales_shape, type, coded.zeros);
                           }));
    }
    dequantized_ = graph_.uniqueName(name_ + "_dequantized");
    Node& node = graph_.addNode(
        makeNode("DequantizeLinear", inputs, {dequantized_}, graph_.uniqueName(name_ + "_DequantizeLinear")));
    node.setAttr("axis", storage.axis);
    if (storage.block != 0) node.setAttr("block_size", storage.block);
    return dequantized_;
  }

  [[nodiscard]] onnx::NodeProto castToReal(const std::string& value, const std::string& result,
                                           const std::string& name) const {
    return withInt(makeNode("Cast", {value}, {result}, name), "to", static_cast<int64_t>(maker_->realType()));
  }

  /// Gather(w, i)   becomes   Mul(Cast(Gather(w8, i)), Gather(scales, i)): only the rows that are used become float.
  void lookUp(Node& node) {
    if (scale_.empty()) scale_ = (integers(), addScales({maker_->shape()[0], 1}));
    const std::string indices = node.input(1), result = node.output(), label = node.label();
    const auto name = [&](const char* suffix) { return graph_.uniqueName(result + suffix); };
    const std::string rows = name("_quantized"), real = name("_unscaled"), scales = name("_scale");
    graph_.replaceNode(node, {makeNode("Gather", {integers(), indices}, {rows}, label + "_Gather"),
                              castToReal(rows, real, label + "_Cast"),
                              makeNode("Gather", {scale_, indices}, {scales}, label + "_Gather_scale"),
                              makeNode("Mul", {real, scales}, {result}, label)});
  }

  /// What reading the blocks of a table takes, beside its constants: shapes with 0 where a size stays as it is.
  struct BlockNames {
    std::string mask, shift, as_blocks, as_rows;
  };

  BlockNames blockNames(size_t rank) {
    const int64_t size = maker_->shape()[1], block = maker_->storage().block;
    std::vector<int64_t> blocks(rank, 0), rows(rank, 0);
    blocks.insert(blocks.end(), {size / block, block});
    rows.push_back(size);
    const auto addShape = [&](const char* suffix, const std::vector<int64_t>& shape) {
      return graph_.addConstant(name_ + suffix, Tensor::of<int64_t>({std::ssize(shape)}, std::span(shape)));
    };
    return {graph_.addConstant(name_ + "_mask", Tensor::scalar<uint8_t>(15)),
            graph_.addConstant(name_ + "_shift", Tensor::scalar<uint8_t>(4)), addShape("_blocks", blocks),
            addShape("_rows", rows)};
  }

  void addBlockConstants() {
    if (!bytes_.empty()) return;
    const int64_t rows = maker_->shape()[0], size = maker_->shape()[1];
    const Shape scales{rows, size / maker_->storage().block, 1};
    bytes_ = add("_quantized", WeightPart::kIntegers, DataType::kUInt8, {rows, size / 2}, splitTableIntegers);
    scale_ = addScales(scales);
    zero_ = !maker_->storage().zero_points
                ? graph_.addConstant(name_ + "_zero_point", Tensor::scalar<uint8_t>(8))
                : add("_zero_point", WeightPart::kZeros, DataType::kUInt8, scales, [scales](const CodedWeights& coded) {
                    return storedTensor(scales, DataType::kUInt8, coded.zeros);
                  });
  }

  /// Gather(w, i)   becomes   Mul(Sub(integers, zeros), scales), of the rows that are used only: bytes are taken apart
  /// into integers, which lie in blocks [..., blocks, block] until they have met their scales.
  void lookUpBlocks(Node& node) {
    addBlockConstants();
    const std::string indices = node.input(1), result = node.output(), label = node.label();
    const BlockNames names = blockNames(graph_.valueType(indices)->shape->size());
    std::vector<onnx::NodeProto> nodes;
    const auto emit = [&](const char* op_type, const std::vector<std::string>& inputs, const char* suffix) {
      nodes.push_back(makeNode(op_type, inputs, {graph_.uniqueName(result + suffix)}, label + suffix));
      return nodes.back().output(0);
    };
    const auto emitReal = [&](const std::string& integers, const char* suffix) {
      nodes.push_back(castToReal(integers, graph_.uniqueName(result + suffix), label + suffix));
      return nodes.back().output(0);
    };
    const std::string bytes = emit("Gather", {bytes_, indices}, "_bytes");
    const std::string low = emit("BitwiseAnd", {bytes, names.mask}, "_low");
    const std::string high = emit("BitShift", {bytes, names.shift}, "_high");
    nodes.back() = withText(std::move(nodes.back()), "direction", "RIGHT");
    const std::string joined = emit("Concat", {low, high}, "_integers");
    nodes.back() = withInt(std::move(nodes.back()), "axis", -1);
    const std::string real = emitReal(emit("Reshape", {joined, names.as_blocks}, "_in_blocks"), "_real");
    const std::string zero_bytes =
        maker_->storage().zero_points ? emit("Gather", {zero_, indices}, "_zero_bytes") : zero_;
    const std::string centred = emit("Sub", {real, emitReal(zero_bytes, "_zeros")}, "_centred");
    const std::string scaled = emit("Mul", {centred, emit("Gather", {scale_, indices}, "_scales")}, "_scaled");
    nodes.push_back(makeNode("Reshape", {scaled, names.as_rows}, {result}, label));
    graph_.replaceNode(node, std::move(nodes));
  }

  // --- com.microsoft's operators
  // --------------------------------------------------------------------------------------

  void setBlockAttributes(Node& node) {
    node.setAttr("bits", int64_t{4});
    node.setAttr("block_size", maker_->storage().block);
  }

  Node& replace(Node& node, const char* op_type, const std::vector<std::string>& inputs) {
    const std::string result = node.output();
    graph_.replaceNode(node, {makeNode(op_type, inputs, {result}, node.label(), kMicrosoft)});
    if (graph_.opset(kMicrosoft) == 0) graph_.setOpset(kMicrosoft, 1);
    Node& added = *graph_.producer(result);
    setBlockAttributes(added);
    return added;
  }

  void multiply(Node& node) {
    const int64_t block = maker_->storage().block;
    const Shape shape = maker_->shape(), scales = scalesShape(shape, maker_->storage());
    std::vector<std::string> inputs = {node.input(0)};
    inputs.push_back(add("_quantized", WeightPart::kIntegers, DataType::kUInt8, productIntegersShape(shape, block),
                         [block](const CodedWeights& coded) { return productIntegers(coded, block); }));
    inputs.push_back(
        add("_scale", WeightPart::kScales, maker_->realType(), {elementCount(scales)},
            [type = maker_->realType()](const CodedWeights& coded) { return productScales(coded, type); }));
    if (maker_->storage().zero_points) {
      inputs.push_back(
          add("_zero_point", WeightPart::kZeros, DataType::kUInt8, productZerosShape(scales), productZeros));
    }
    Node& added = replace(node, "MatMulNBits", inputs);
    added.setAttr("K", shape[0]);
    added.setAttr("N", shape[1]);
  }

  void gatherBlocks(Node& node) {
    const Shape shape = maker_->shape(), scales = scalesShape(shape, maker_->storage());
    std::vector<std::string> inputs = {
        add("_quantized", WeightPart::kIntegers, DataType::kUInt8, {shape[0], shape[1] / 2}, tableIntegers),
        node.input(1), addScales(scales)};
    if (maker_->storage().zero_points) {
      inputs.push_back(add("_zero_point", WeightPart::kZeros, DataType::kUInt8, tableZerosShape(scales), tableZeros));
    }
    Node& added = replace(node, "GatherBlockQuantized", inputs);
    added.setAttr("gather_axis", int64_t{0});
    added.setAttr("quantize_axis", int64_t{1});
  }

  Graph& graph_;
  const MomentsTable& moments_;
  std::map<std::string, std::shared_ptr<ErrorFeedback>> feedback_;  // by value
  std::shared_ptr<WeightMaker> maker_;                              // of the weights at hand
  std::string name_, integers_, bytes_, scale_, zero_, dequantized_;
};

}  // namespace

int64_t opsetFor(const QuantizationPlan& plan) {
  int64_t opset = 13;
  for (const StoredWeights& stored : plan.stored) {
    const auto uses = [&](Form form) {
      return std::ranges::find(stored.uses, form, &WeightUse::form) != stored.uses.end();
    };
    if (uses(Form::kBlocksLookedUp)) opset = std::max<int64_t>(opset, 18);  // BitwiseAnd
    if (!uses(Form::kDequantized)) continue;
    if (stored.storage.block != 0) opset = std::max<int64_t>(opset, 21);
    if (stored.type == DataType::kFloat16) opset = std::max<int64_t>(opset, 19);
  }
  return opset;
}

void applyWeightStorage(Graph& graph, const QuantizationPlan& plan, const MomentsTable& moments) {
  WeightRewriter rewriter(graph, moments);
  for (const StoredWeights& stored : plan.stored) rewriter.store(stored);
  graph.removeUnused();
  graph.verify();
}

}  // namespace quant
