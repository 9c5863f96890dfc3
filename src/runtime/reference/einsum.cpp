// Einsum: operands are multiplied from left to right. Each step brings its two operands into the form
//
//   [batch axes, own axes of A, summed axes] x [batch axes, summed axes, own axes of B]
//
// and leaves the product to MatMul, the fastest one of the backend.
#include <algorithm>
#include <map>
#include <set>

#include "runtime/ops/strided_copy.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/einsum_equation.h"
#include "runtime/reference/elementwise.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

/// A tensor with a label for each axis, every label once.
struct Labelled {
  Tensor tensor;
  EinsumLabels labels;
};

bool has(const EinsumLabels& labels, EinsumLabel label) { return std::ranges::find(labels, label) != labels.end(); }

using Sizes = std::map<EinsumLabel, int64_t>;

/// The size of each label over all operands; an axis of one element repeats.
Sizes sizesOf(const EinsumEquation& equation, const std::vector<const Tensor*>& operands) {
  Sizes sizes;
  for (size_t i = 0; i < operands.size(); ++i) {
    for (size_t axis = 0; axis < equation.operands[i].size(); ++axis) {
      const int64_t size = operands[i]->shape()[axis];
      const auto [entry, is_new] = sizes.emplace(equation.operands[i][axis], size);
      if (is_new || size == entry->second || size == 1) continue;
      if (entry->second != 1) {
        throwBadInput("Einsum's operand {} has {} elements along an axis that has {} elsewhere", i, size,
                      entry->second);
      }
      entry->second = size;
    }
  }
  return sizes;
}

Shape shapeOf(const EinsumLabels& labels, const Sizes& sizes) {
  Shape shape;
  for (const EinsumLabel label : labels) shape.push_back(sizes.at(label));
  return shape;
}

/// The elements with axes in the order of `wanted`; a label that comes twice in `labels` takes the diagonal, one that
/// `tensor` lacks or has one element of repeats.
Tensor arranged(const Tensor& tensor, const EinsumLabels& labels, const EinsumLabels& wanted, const Sizes& sizes) {
  const auto own = rowMajorStrides(tensor.shape());
  std::vector<int64_t> strides(wanted.size(), 0);
  for (size_t i = 0; i < wanted.size(); ++i) {
    for (size_t axis = 0; axis < labels.size(); ++axis) {
      if (labels[axis] == wanted[i] && tensor.shape()[axis] != 1) strides[i] += own[axis];
    }
  }
  Tensor result(tensor.type(), shapeOf(wanted, sizes));
  copyStrided(tensor, result, result.shape(), strides);
  return result;
}

/// Sums over all labels that are not in `kept`, which come in that order.
Labelled reduced(const Labelled& from, const EinsumLabels& kept, const Sizes& sizes) {
  EinsumLabels order = kept;
  for (const EinsumLabel label : from.labels) {
    if (!has(kept, label)) order.push_back(label);
  }
  Tensor lines = arranged(from.tensor, from.labels, order, sizes);
  if (order.size() == kept.size()) return {std::move(lines), kept};
  Tensor sums(from.tensor.type(), shapeOf(kept, sizes));
  const int64_t count = sums.elementCount(), length = count == 0 ? 0 : lines.elementCount() / count;
  withElementType(sums.type(), kNumericTypes, "Einsum", [&](auto example) {
    using T = decltype(example);
    const T* src = lines.data<T>().data();
    for (T& sum : sums.data<T>()) {
      SumType<T> total = 0;
      for (int64_t i = 0; i < length; ++i) total += elementCast<SumType<T>>(*src++);
      sum = elementCast<T>(total);
    }
  });
  return {std::move(sums), kept};
}

EinsumLabels selected(const EinsumLabels& from, const std::function<bool(EinsumLabel)>& wanted) {
  EinsumLabels result;
  for (const EinsumLabel label : from) {
    if (wanted(label) && !has(result, label)) result.push_back(label);
  }
  return result;
}

EinsumLabels joined(const EinsumLabels& a, const EinsumLabels& b, const EinsumLabels& c) {
  EinsumLabels all = a;
  all.insert(all.end(), b.begin(), b.end());
  all.insert(all.end(), c.begin(), c.end());
  return all;
}

class Einsum final : public Kernel {
 public:
  Einsum(const Node& node, const KernelRegistry::Factory& mat_mul)
      : equation_(node.attr("equation", "")), mat_mul_node_(makeNode("MatMul", {}, {})) {
    mat_mul_ = mat_mul(mat_mul_node_, 13);
  }

  void run(KernelContext& context) override {
    requireOneType("Einsum", context);
    std::vector<const Tensor*> operands;
    std::vector<int64_t> ranks;
    for (size_t i = 0; i < context.inputCount(); ++i) {
      operands.push_back(&context.input(i));
      ranks.push_back(operands.back()->rank());
    }
    const EinsumEquation equation = parseEinsum(equation_, ranks);
    const Sizes sizes = sizesOf(equation, operands);
    Labelled product = withoutDiagonals(*operands[0], equation.operands[0], sizes);
    for (size_t i = 1; i < operands.size(); ++i) {
      const Labelled next = withoutDiagonals(*operands[i], equation.operands[i], sizes);
      product = multiplied(product, next, labelsFrom(equation, i + 1), sizes);
    }
    context.setOutput(0, reduced(product, equation.result, sizes).tensor);
  }

 private:
  static Labelled withoutDiagonals(const Tensor& tensor, const EinsumLabels& labels, const Sizes& sizes) {
    const EinsumLabels once = selected(labels, [](EinsumLabel) { return true; });
    return {arranged(tensor, labels, once, sizes), once};
  }

  /// What the result and the operands from `index` on still need.
  static std::set<EinsumLabel> labelsFrom(const EinsumEquation& equation, size_t index) {
    std::set<EinsumLabel> needed(equation.result.begin(), equation.result.end());
    for (size_t i = index; i < equation.operands.size(); ++i) {
      needed.insert(equation.operands[i].begin(), equation.operands[i].end());
    }
    return needed;
  }

  Labelled multiplied(const Labelled& a, const Labelled& b, const std::set<EinsumLabel>& needed, const Sizes& sizes) {
    const auto batch =
        selected(a.labels, [&](EinsumLabel label) { return has(b.labels, label) && needed.contains(label); });
    const auto summed =
        selected(a.labels, [&](EinsumLabel label) { return has(b.labels, label) && !needed.contains(label); });
    const auto of_a =
        selected(a.labels, [&](EinsumLabel label) { return !has(b.labels, label) && needed.contains(label); });
    const auto of_b =
        selected(b.labels, [&](EinsumLabel label) { return !has(a.labels, label) && needed.contains(label); });
    const Labelled left = reduced(a, joined(batch, of_a, summed), sizes);
    const Labelled right = reduced(b, joined(batch, summed, of_b), sizes);
    const auto count = [&](const EinsumLabels& labels) { return elementCount(shapeOf(labels, sizes)); };
    const EinsumLabels result = joined(batch, of_a, of_b);
    Tensor product = matMul(left.tensor.alias({count(batch), count(of_a), count(summed)}),
                            right.tensor.alias({count(batch), count(summed), count(of_b)}));
    return {product.alias(shapeOf(result, sizes)), result};
  }

  Tensor matMul(Tensor a, Tensor b) {
    KernelContext::Value left{std::move(a), {}, {}, false}, right{std::move(b), {}, {}, false};
    KernelContext context({&left, &right}, 1, {true});
    mat_mul_->run(context);
    return convertLayout(context.results()[0].value(), Layout::kPlain);
  }

  std::string equation_;
  Node mat_mul_node_;
  std::unique_ptr<Kernel> mat_mul_;
};

}  // namespace

void registerEinsum(KernelRegistry& registry) {
  registry.add("Einsum", 12, [mat_mul = *registry.find("", "MatMul", 13)](const Node& node, int64_t) {
    return std::make_unique<Einsum>(node, mat_mul);
  });
}

}  // namespace quant::reference
