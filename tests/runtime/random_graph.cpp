#include "runtime/random_graph.h"

#include <cmath>

namespace quant::test {

namespace {

Graph emptyGraph(const Shape& input) {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  model.mutable_graph()->set_name("random");
  auto& info = *model.mutable_graph()->add_input();
  info.set_name("x");
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx::TensorProto::FLOAT);
  for (const int64_t size : input) type.mutable_shape()->add_dim()->set_dim_value(size);
  return Graph(std::move(model));
}

Shape inputShape(unsigned seed) {
  switch (seed % 4) {
    case 0: return {1 + seed / 4 % 3, 3 + seed / 8 % 8};
    case 1: return {1, 2 + seed / 4 % 4, 8};
    default: return {1 + seed / 4 % 2, 1 + seed / 8 % 9, 4 + seed / 16 % 4, 4 + seed / 32 % 3};
  }
}

}  // namespace

RandomGraph::RandomGraph(unsigned seed, int steps, bool quantized)
    : random_(seed), quantized_(quantized), graph_(emptyGraph(inputShape(seed))) {
  const Shape shape = inputShape(seed);
  input_ = Tensor::of<float>(shape, numbers(elementCount(shape), 2));
  finish("x", shape);
  for (int i = 0; i < steps; ++i) step();
  for (const Value& value : values_) {  // nothing is computed in vain
    if (value.name == "x" || !graph_.consumers(value.name).empty()) continue;
    graph_.rest().mutable_graph()->add_output()->set_name(value.name);
  }
  graph_.inferShapes();
}

Node& RandomGraph::add(std::string_view op_type, std::vector<std::string> inputs, const std::string& output) {
  return graph_.addNode(makeNode(op_type, std::move(inputs), {output}, output));
}

std::string RandomGraph::constant(std::vector<float> values, Shape shape) {
  return graph_.addConstant(fmt::format("c{}", count_++), Tensor::of<float>(std::move(shape), values));
}

std::string RandomGraph::shapeConstant(const Shape& values) {
  return graph_.addConstant(fmt::format("c{}", count_++),
                            Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values));
}

std::vector<float> RandomGraph::numbers(int64_t count, float size) {
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = uniform(-size, size);
  return values;
}

/// So large that the result is about as large as the source.
std::string RandomGraph::weights(const Shape& shape, int64_t axis, int64_t depth) {
  const float size = 1.7F / std::sqrt(static_cast<float>(depth));
  if (!quantized_ || chance(10)) return constant(numbers(elementCount(shape), size), shape);
  return quantizedWeights(shape, axis, size);
}

std::string RandomGraph::quantizedWeights(const Shape& shape, int64_t axis, float size) {
  const bool per_channel = axis >= 0 && chance(60), in_graph = chance(15), is_unsigned = chance(20);
  const Shape parameters = per_channel ? Shape{shape[static_cast<size_t>(axis)]} : Shape{};
  std::vector<float> scales(static_cast<size_t>(elementCount(parameters)));
  for (float& scale : scales) scale = size * uniform(0.7F, 1) / 127;
  Tensor zeros(is_unsigned ? DataType::kUInt8 : DataType::kInt8, parameters);
  std::fill_n(static_cast<uint8_t*>(zeros.bytes()), zeros.byteSize(), static_cast<uint8_t>(is_unsigned ? 128 : 0));
  const std::string scale = constant(scales, parameters), zero_point = graph_.addConstant("z", std::move(zeros));
  std::string integers;
  if (in_graph) {
    integers = newName();
    add("QuantizeLinear", {constant(numbers(elementCount(shape), size), shape), scale, zero_point}, integers)
        .setAttr("axis", std::max<int64_t>(axis, 0));
  } else {
    Tensor stored(is_unsigned ? DataType::kUInt8 : DataType::kInt8, shape);
    for (size_t i = 0; i < stored.byteSize(); ++i) {
      const int q = static_cast<int>(below(255)) - 127;
      static_cast<uint8_t*>(stored.bytes())[i] = static_cast<uint8_t>(is_unsigned ? q + 128 : q);
    }
    integers = graph_.addConstant("w", std::move(stored));
  }
  const std::string name = newName();
  add("DequantizeLinear", {integers, scale, zero_point}, name).setAttr("axis", std::max<int64_t>(axis, 0));
  return name;
}

std::string RandomGraph::quantizeValue(const std::string& name) {
  const bool is_signed = chance(25);
  const float scale_value = uniform(4, 8) / 255;
  const std::string scale = scalar(scale_value);
  const auto middle = static_cast<int>(below(100)) + 60;
  const std::string zero_point =
      is_signed ? graph_.addConstant("z", Tensor::scalar<int8_t>(static_cast<int8_t>(middle - 128)))
                : graph_.addConstant("z", Tensor::scalar<uint8_t>(static_cast<uint8_t>(chance(20) ? 0 : middle)));
  const std::string q = newName(), real = newName();
  add("QuantizeLinear", {name, scale, zero_point}, q);
  add("DequantizeLinear", {q, scale, zero_point}, real);
  return real;
}

void RandomGraph::finish(const std::string& name, Shape shape) {
  values_.push_back({quantized_ && chance(75) ? quantizeValue(name) : name, std::move(shape)});
}

const RandomGraph::Value* RandomGraph::anotherOfShape(const Value& value) {
  std::vector<const Value*> found;
  for (const Value& other : values_) {
    if (other.shape == value.shape) found.push_back(&other);
  }
  return found[below(static_cast<unsigned>(found.size()))];
}

void RandomGraph::step() {
  const Value x = chance(70) ? values_.back() : anyValue();
  const bool is_image = x.shape.size() == 4;
  switch (below(12)) {
    case 0:
    case 1:
    case 2: return is_image ? conv(x) : product(x);
    case 3: return is_image ? convTranspose(x) : product(x);
    case 4: return unary(x);
    case 5: return decomposed(x);
    case 6:
    case 7: return binary(x);
    case 8: return is_image ? pool(x) : unary(x);
    case 9: return move(x);
    case 10: return join(x);
    default: return normalize(x);
  }
}

void RandomGraph::conv(const Value& x) {
  const int64_t channels = x.shape[1], kernel = chance(50) ? 3 : 1, stride = chance(25) ? 2 : 1;
  const bool depthwise = chance(30);
  const int64_t groups = depthwise ? channels : 1, out = depthwise ? channels : 1 + below(9);
  const std::string w = weights({out, channels / groups, kernel, kernel}, 0, channels / groups * kernel * kernel);
  std::vector<std::string> inputs{x.name, w};
  if (chance(60)) inputs.push_back(constant(numbers(out, 0.5F), {out}));
  const std::string name = newName();
  Node& node = add("Conv", inputs, name);
  const int64_t pad = kernel / 2;
  node.setAttr("pads", std::vector<int64_t>{pad, pad, pad, pad});
  node.setAttr("strides", std::vector<int64_t>{stride, stride});
  node.setAttr("group", groups);
  finish(name, {x.shape[0], out, (x.shape[2] - 1) / stride + 1, (x.shape[3] - 1) / stride + 1});
}

void RandomGraph::convTranspose(const Value& x) {
  const int64_t out = 1 + below(5);
  if (x.shape[2] > 12) return unary(x);
  const std::string w = weights({x.shape[1], out, 2, 2}, 1, x.shape[1]);
  const std::string name = newName();
  add("ConvTranspose", {x.name, w}, name).setAttr("strides", std::vector<int64_t>{2, 2});
  finish(name, {x.shape[0], out, x.shape[2] * 2, x.shape[3] * 2});
}

void RandomGraph::product(const Value& x) {
  const int64_t depth = x.shape.back(), columns = 1 + below(12);
  const std::string name = newName();
  Shape shape = x.shape;
  shape.back() = columns;
  if (x.shape.size() == 2 && chance(50)) {
    const bool transposed = chance(50);
    const std::string w = transposed ? weights({columns, depth}, 0, depth) : weights({depth, columns}, 1, depth);
    Node& gemm = add("Gemm", {x.name, w, constant(numbers(columns, 0.5F), {columns})}, name);
    gemm.setAttr("transB", int64_t{transposed ? 1 : 0});
    return finish(name, shape);
  }
  add("MatMul", {x.name, weights({depth, columns}, 1, depth)}, name);
  if (chance(50)) return finish(name, shape);
  const std::string sum = newName(), bias = constant(numbers(columns, 0.5F), {columns});
  add("Add", chance(50) ? std::vector{name, bias} : std::vector{bias, name}, sum);
  finish(sum, shape);
}

void RandomGraph::unary(const Value& x) {
  static const char* const kOps[] = {"Relu", "LeakyRelu", "HardSwish", "Sigmoid", "Tanh", "Elu", "HardSigmoid", "Clip"};
  const char* const op = kOps[below(8)];
  std::vector<std::string> inputs{x.name};
  if (op == std::string_view("Clip")) {
    inputs.push_back(scalar(chance(50) ? 0 : uniform(-2, 0)));
    inputs.push_back(scalar(uniform(0.5F, 6)));
  }
  const std::string name = newName();
  add(op, inputs, name);
  finish(name, x.shape);
}

/// What an export makes of Swish, Gelu and scalings.
void RandomGraph::decomposed(const Value& x) {
  const std::string name = newName();
  switch (below(3)) {
    case 0: {
      const std::string gate = newName();
      add(chance(50) ? "Sigmoid" : "HardSigmoid", {x.name}, gate);
      add("Mul", {gate, x.name}, name);
      break;
    }
    case 1: {
      const std::string a = newName(), b = newName(), c = newName(), d = newName();
      add("Div", {x.name, scalar(std::sqrt(2.0F))}, a);
      add("Erf", {a}, b);
      add("Add", {b, scalar(1)}, c);
      add("Mul", {x.name, c}, d);
      add("Mul", {d, scalar(0.5F)}, name);
      break;
    }
    default: add(chance(50) ? "Mul" : "Div", {x.name, scalar(uniform(0.5F, 2))}, name); break;
  }
  finish(name, x.shape);
}

void RandomGraph::binary(const Value& x) {
  const std::string name = newName();
  const char* const op = chance(70) ? "Add" : chance(50) ? "Mul" : "Sub";
  if (chance(25) && x.shape.size() == 4) {
    const std::string row = constant(numbers(x.shape[1], 1), {1, x.shape[1], 1, 1});
    add(op, {x.name, row}, name);
  } else {
    add(op, {x.name, anotherOfShape(x)->name}, name);
  }
  if (!chance(40)) return finish(name, x.shape);
  const std::string relu = newName();
  add("Relu", {name}, relu);
  finish(relu, x.shape);
}

void RandomGraph::pool(const Value& x) {
  const std::string name = newName();
  if (chance(25)) {
    add("GlobalAveragePool", {x.name}, name);
    return finish(name, {x.shape[0], x.shape[1], 1, 1});
  }
  Node& node = add(chance(50) ? "MaxPool" : "AveragePool", {x.name}, name);
  node.setAttr("kernel_shape", std::vector<int64_t>{3, 3});
  node.setAttr("pads", std::vector<int64_t>{1, 1, 1, 1});
  const int64_t stride = chance(50) ? 2 : 1;
  node.setAttr("strides", std::vector<int64_t>{stride, stride});
  finish(name, {x.shape[0], x.shape[1], (x.shape[2] - 1) / stride + 1, (x.shape[3] - 1) / stride + 1});
}

void RandomGraph::move(const Value& x) {
  const std::string name = newName();
  Shape shape = x.shape;
  switch (below(4)) {
    case 0: {
      std::swap(shape[shape.size() - 1], shape[shape.size() - 2]);
      std::vector<int64_t> order(shape.size());
      for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
      std::swap(order[order.size() - 1], order[order.size() - 2]);
      add("Transpose", {x.name}, name).setAttr("perm", order);
      break;
    }
    case 1:
      shape = {x.shape[0], elementCount(x.shape) / x.shape[0]};
      add("Reshape", {x.name, shapeConstant(shape)}, name);
      break;
    case 2: {
      const int64_t axis = static_cast<int64_t>(shape.size()) - 1;
      if (shape.back() < 2) return unary(x);
      --shape.back();
      add("Slice", {x.name, shapeConstant({1}), shapeConstant({x.shape.back()}), shapeConstant({axis})}, name);
      break;
    }
    default:
      if (shape.size() != 4 || shape[2] > 10) return unary(x);
      add("Resize", {x.name, "", constant({1, 1, 2, 2}, {4})}, name).setAttr("mode", std::string("nearest"));
      shape[2] *= 2, shape[3] *= 2;
      break;
  }
  finish(name, shape);
}

void RandomGraph::join(const Value& x) {
  const std::string name = newName();
  const int64_t axis = chance(70) ? 1 : static_cast<int64_t>(x.shape.size()) - 1;
  Shape shape = x.shape;
  if (shape[static_cast<size_t>(axis)] > 20) return unary(x);
  shape[static_cast<size_t>(axis)] *= 2;
  add("Concat", {x.name, anotherOfShape(x)->name}, name).setAttr("axis", axis);
  finish(name, shape);
}

void RandomGraph::normalize(const Value& x) {
  const std::string name = newName();
  if (x.shape.size() == 4) {
    const Shape row{x.shape[1]};
    std::vector<float> variance = numbers(x.shape[1], 0.5F);
    for (float& v : variance) v += 1;
    add("BatchNormalization",
        {x.name, constant(numbers(x.shape[1], 1.5F), row), constant(numbers(x.shape[1], 0.5F), row),
         constant(numbers(x.shape[1], 0.5F), row), constant(variance, row)},
        name);
  } else if (chance(50)) {
    add("Softmax", {x.name}, name).setAttr("axis", int64_t{-1});
  } else {
    const Shape row{x.shape.back()};
    add("LayerNormalization", {x.name, constant(numbers(row[0], 1), row), constant(numbers(row[0], 0.5F), row)}, name)
        .setAttr("epsilon", 0.01F);
  }
  finish(name, x.shape);
}

}  // namespace quant::test
