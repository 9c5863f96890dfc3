// NonMaxSuppression: the best boxes of each class that do not lie too much on a better one.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "core/error.h"
#include "core/for_each_cpu.h"
#include "runtime/reference/axis_view.h"
#include "runtime/reference/register.h"

namespace quant::reference {

namespace {

struct Box {
  float top, left, bottom, right;

  [[nodiscard]] float area() const { return (bottom - top) * (right - left); }
};

/// [y1, x1, y2, x2] of any two opposite corners.
Box fromCorners(const float* p) {
  return {std::min(p[0], p[2]), std::min(p[1], p[3]), std::max(p[0], p[2]), std::max(p[1], p[3])};
}

/// [x_center, y_center, width, height]
Box fromCenter(const float* p) {
  const float half_width = p[2] / 2, half_height = p[3] / 2;
  return {p[1] - half_height, p[0] - half_width, p[1] + half_height, p[0] + half_width};
}

/// So many boxes are looked at before it is asked whether one of them was enough.
constexpr size_t kBoxesAtATime = 64;

/// True when the intersection of `box` and one of `count` others is more than `limit` of their union. Boxes without an
/// area have no intersection.
QUANTIZE_FOR_EACH_CPU bool overlapsOneOf(const Box& box, const float* tops, const float* lefts, const float* bottoms,
                                         const float* rights, const float* areas, size_t count, float limit) {
  const float area = box.area();
  int found = 0;
  for (size_t i = 0; i < count; ++i) {
    const float height = std::min(bottoms[i], box.bottom) - std::max(tops[i], box.top);
    const float width = std::min(rights[i], box.right) - std::max(lefts[i], box.left);
    const float both = height * width, all = area + areas[i] - both;
    found |= static_cast<int>(height > 0) & static_cast<int>(width > 0) & static_cast<int>(all > 0) &
             static_cast<int>(both / all > limit);
  }
  return found != 0;
}

/// Boxes whose left sides are near each other, one array for each side.
struct Strip {
  std::vector<float> tops, lefts, bottoms, rights, areas;
  float reach = -std::numeric_limits<float>::infinity();  ///< the rightmost of them

  void add(const Box& box) {
    tops.push_back(box.top);
    lefts.push_back(box.left);
    bottoms.push_back(box.bottom);
    rights.push_back(box.right);
    areas.push_back(box.area());
    reach = std::max(reach, box.right);
  }

  [[nodiscard]] bool overlap(const Box& box, float limit) const {
    for (size_t i = 0; i < tops.size(); i += kBoxesAtATime) {
      const size_t count = std::min(kBoxesAtATime, tops.size() - i);
      if (overlapsOneOf(box, &tops[i], &lefts[i], &bottoms[i], &rights[i], &areas[i], count, limit)) return true;
    }
    return false;
  }
};

/// The boxes chosen so far, by where they begin. A detector may choose thousands and asks for each further one whether
/// it lies on one of them; exports of torchvision shift each class to a place of its own, far from most.
class ChosenBoxes {
 public:
  ChosenBoxes(const std::vector<Box>& all, size_t candidates) {
    strips_.resize(std::clamp<size_t>(candidates / kBoxesAtATime, 1, kMostStrips));
    if (all.empty()) return;
    low_ = std::ranges::min(all, {}, &Box::left).left;
    width_ = (static_cast<double>(std::ranges::max(all, {}, &Box::left).left) - low_) / std::ssize(strips_);
  }

  void add(const Box& box) { strips_[stripOf(box.left)].add(box); }

  [[nodiscard]] bool overlap(const Box& box, float limit) const {
    const size_t last = stripOf(box.right);
    for (size_t i = 0; i <= last; ++i) {
      if (strips_[i].reach > box.left && strips_[i].overlap(box, limit)) return true;
    }
    return false;
  }

 private:
  static constexpr size_t kMostStrips = 256;

  /// Rises with `x`; 0 for what is no number.
  [[nodiscard]] size_t stripOf(float x) const {
    const double place = (x - low_) / width_;
    if (!(place > 0)) return 0;
    return static_cast<size_t>(std::min(place, static_cast<double>(strips_.size() - 1)));
  }

  std::vector<Strip> strips_;
  double low_ = 0, width_ = 0;
};

struct Limits {
  int64_t most;
  float overlap;
  std::optional<float> score;

  [[nodiscard]] bool isCandidate(float x) const { return score ? x > *score : !std::isnan(x); }
};

/// The only element of an optional input.
template <class T>
T scalarInput(KernelContext& context, size_t index, T fallback) {
  const Tensor* given = context.optionalInput(index);
  if (given == nullptr) return fallback;
  const auto values = elementsAs<T>(*given);
  if (values.size() != 1) throwBadInput("input {} has {} elements instead of one", index, values.size());
  return values[0];
}

Limits limitsOf(KernelContext& context) {
  Limits limits{scalarInput<int64_t>(context, 2, 0), scalarInput(context, 3, 0.0F), {}};
  if (context.has(4)) limits.score = scalarInput(context, 4, 0.0F);
  if (!(limits.overlap >= 0) || limits.overlap > 1) {
    throwBadInput("iou_threshold is {}, expected 0 to 1", limits.overlap);
  }
  return limits;
}

/// Indices of the boxes of one class that are chosen, best first; of equal ones the first.
std::vector<int64_t> choose(const std::vector<Box>& boxes, std::span<const float> scores, const Limits& limits) {
  std::vector<int64_t> candidates;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (limits.isCandidate(scores[i])) candidates.push_back(static_cast<int64_t>(i));
  }
  std::ranges::stable_sort(candidates, std::greater<>(), [&](int64_t i) { return scores[static_cast<size_t>(i)]; });
  std::vector<int64_t> chosen;
  ChosenBoxes better(boxes, candidates.size());
  for (const int64_t candidate : candidates) {
    if (std::ssize(chosen) >= limits.most) break;
    const Box& box = boxes[static_cast<size_t>(candidate)];
    if (better.overlap(box, limits.overlap)) continue;
    better.add(box);
    chosen.push_back(candidate);
  }
  return chosen;
}

void nonMaxSuppression(const Node& node, KernelContext& context) {
  const Tensor &boxes = context.input(0), &scores = context.input(1);
  const Shape &box_shape = boxes.shape(), &shape = scores.shape();
  if (box_shape.size() != 3 || shape.size() != 3 || box_shape[2] != 4 || box_shape[0] != shape[0] ||
      box_shape[1] != shape[2]) {
    throwBadInput("boxes and scores have shapes {} and {}, expected [batch, boxes, 4] and [batch, classes, boxes]",
                  toString(box_shape), toString(shape));
  }
  const bool is_center = node.attr("center_point_box", int64_t{0}) != 0;
  const Limits limits = limitsOf(context);
  const int64_t count = box_shape[1];
  const auto score_data = scores.data<float>();
  std::vector<int64_t> rows;
  for (int64_t b = 0; b < shape[0]; ++b) {
    std::vector<Box> decoded;
    for (int64_t i = 0; i < count; ++i) {
      const float* const corners = boxes.data<float>().data() + (b * count + i) * 4;
      decoded.push_back(is_center ? fromCenter(corners) : fromCorners(corners));
    }
    for (int64_t c = 0; c < shape[1]; ++c) {
      const auto line = score_data.subspan(static_cast<size_t>((b * shape[1] + c) * count), static_cast<size_t>(count));
      for (const int64_t index : choose(decoded, line, limits)) rows.insert(rows.end(), {b, c, index});
    }
  }
  const auto to = context.output(0, DataType::kInt64, {std::ssize(rows) / 3, 3}).data<int64_t>();
  std::ranges::copy(rows, to.begin());
}

}  // namespace

void registerNonMaxSuppression(KernelRegistry& registry) {
  registry.addFunction("NonMaxSuppression", 10, nonMaxSuppression);
}

}  // namespace quant::reference
