#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "core/data_type.h"
#include "core/error.h"
#include "core/shape.h"

namespace quant {

/// The order in which elements lie in memory. A shape is always given in ONNX's order (N, C, spatial...).
enum class Layout {
  kPlain,         ///< row-major in the order of the shape
  kChannelsLast,  ///< N, spatial..., C; only for rank 3 and more
};

/// A dense tensor. Movable, not copyable: a copy of the elements is asked for with `clone`.
///
/// The elements are either owned (64-byte aligned) or belong to something that the tensor keeps alive: an initializer,
/// a mapped file, another tensor (`alias`). Elements of less than a byte lie packed (core/packed).
class Tensor {
 public:
  /// An empty float tensor of shape [0].
  Tensor();
  /// Owns elements that are not initialised.
  Tensor(DataType type, Shape shape, Layout layout = Layout::kPlain);
  /// Views `bytes`, which `owner` keeps alive. The elements are only read, unless the owner says otherwise.
  static Tensor view(DataType type, Shape shape, const void* bytes, std::shared_ptr<const void> owner,
                     Layout layout = Layout::kPlain);
  /// Owns a copy of `values`, in row-major order.
  template <class T>
  static Tensor of(Shape shape, std::span<const T> values);
  template <class T>
  static Tensor of(Shape shape, std::initializer_list<T> values) {
    return of<T>(std::move(shape), std::span<const T>(values.begin(), values.size()));
  }
  template <class T>
  static Tensor scalar(T value) {
    return of<T>({}, {value});
  }

  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  ~Tensor() = default;

  [[nodiscard]] DataType type() const { return type_; }
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] Layout layout() const { return layout_; }
  [[nodiscard]] int64_t rank() const { return static_cast<int64_t>(shape_.size()); }
  [[nodiscard]] int64_t elementCount() const { return count_; }
  [[nodiscard]] size_t byteSize() const;

  /// The elements in memory order. Throws (internal) when T is not the element type.
  template <class T>
  [[nodiscard]] std::span<const T> data() const {
    requireType(kDataTypeOf<T>);
    return {static_cast<const T*>(bytes_), static_cast<size_t>(count_)};
  }
  template <class T>
  [[nodiscard]] std::span<T> data() {
    requireType(kDataTypeOf<T>);
    return {static_cast<T*>(bytes_), static_cast<size_t>(count_)};
  }
  [[nodiscard]] const void* bytes() const { return bytes_; }
  [[nodiscard]] void* bytes() { return bytes_; }

  /// A tensor with elements of its own.
  [[nodiscard]] Tensor clone() const;
  /// Another tensor over the same elements; `shape` must have as many of them. For kPlain tensors only, unless the
  /// shape stays the same.
  [[nodiscard]] Tensor alias(Shape shape) const;
  [[nodiscard]] Tensor alias() const { return alias(shape_); }
  /// True when nothing else shares the elements, so that they may be overwritten.
  [[nodiscard]] bool isSoleOwner() const { return owner_.use_count() == 1; }

 private:
  Tensor(DataType type, Shape shape, void* bytes, std::shared_ptr<const void> owner, Layout layout);
  void requireType(DataType type) const;

  DataType type_ = DataType::kFloat32;
  Layout layout_ = Layout::kPlain;
  Shape shape_;
  int64_t count_ = 0;
  void* bytes_ = nullptr;
  std::shared_ptr<const void> owner_;
};

template <class T>
Tensor Tensor::of(Shape shape, std::span<const T> values) {
  Tensor tensor(kDataTypeOf<T>, std::move(shape));
  auto data = tensor.data<T>();
  if (data.size() != values.size()) throwInternal("{} values for a tensor of {}", values.size(), data.size());
  std::copy(values.begin(), values.end(), data.begin());
  return tensor;
}

/// Tensors by value name.
using NamedTensors = std::map<std::string, Tensor>;

}  // namespace quant
