#include "quantizer/float16_policy.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "core/half_conversion.h"
#include "quantizer/delicate_ops.h"
#include "quantizer/selection.h"

namespace quant {

namespace {

using Actor = FloatNetwork::Actor;
using Value = FloatNetwork::Value;
constexpr size_t kNone = FloatNetwork::kNone;

/// Other inputs than the samples may reach further: values must leave this much room below the largest number.
constexpr float kHeadroom = 2;
/// A value whose largest element is below this many times the smallest normal number lies mostly where places get lost.
constexpr float kSmallestUseful = 4;
/// A constant of which more than this share would become zero is not converted.
constexpr double kMostVanishing = 0.1;
/// Constants up to this size may be the frequencies of an angle; larger ones are weights.
constexpr int64_t kMostFrequencies = 1024;

bool isOnnxOp(const Actor& actor) {
  return actor.kind == Actor::Kind::kNode && actor.node != nullptr &&
         (actor.node->domain().empty() || actor.node->domain() == "ai.onnx");
}

bool isOp(const Actor& actor, std::string_view op_type) { return isOnnxOp(actor) && actor.node->op_type() == op_type; }

/// Integers of these types may be larger than a half can count; others (bool, bytes) are exact in it.
bool isWideInteger(DataType type) {
  constexpr DataType kWide[] = {DataType::kInt16,  DataType::kInt32,  DataType::kInt64,
                                DataType::kUInt16, DataType::kUInt32, DataType::kUInt64};
  return std::ranges::find(kWide, type) != std::end(kWide);
}

class Judge {
 public:
  Judge(const FloatNetwork& network, const Graph& graph, const RangeTable* ranges, const HalfOptions& options,
        const std::map<std::string, std::string>& known)
      : network_(network),
        graph_(graph),
        ranges_(ranges),
        options_(options),
        known_(known),
        type_name_(toString(options.type)),
        facts_(network.values().size()) {
    verdict_.reasons.resize(network.actors().size());
    verdict_.notes.resize(network.actors().size());
  }

  HalfVerdict run() {
    const Selection selection(graph_, options_.selection);
    for (const Node* node : graph_.nodes()) {
      if (const auto why = selection.excludes(*node)) excluded_[&node->proto()] = *why;
    }
    followIntegers();
    followScales();
    for (size_t i = 0; i < network_.actors().size(); ++i) verdict_.reasons[i] = reasonOf(i);
    followOverflows();
    warnOfVanishing();
    return std::move(verdict_);
  }

 private:
  /// What is known of a value beyond its name.
  struct Facts {
    bool from_integers = false;  ///< computed from positions or sizes alone
    bool is_scale = false;       ///< computed from the scales that DynamicQuantizeLinear finds
    bool overflows = false;      ///< made with a constant beyond the range
    std::optional<HalfLoss> loss;
  };

  [[nodiscard]] const Value& value(size_t index) const { return network_.values()[index]; }

  const HalfLoss& lossOf(size_t index) {
    auto& loss = facts_[index].loss;
    if (!loss) loss = lossIn(options_.type, value(index).constant->data<float>());
    return *loss;
  }

  [[nodiscard]] const RangeEntry* rangeOf(size_t index) const {
    if (ranges_ == nullptr || value(index).in_body) return nullptr;
    const auto found = ranges_->values.find(value(index).name);
    return found == ranges_->values.end() ? nullptr : &found->second;
  }

  static float magnitude(const RangeEntry& range) { return std::max(std::abs(range.min), std::abs(range.max)); }

  // --- positions, sizes and angles ----------------------------------------------------------------------------------

  void followIntegers() {
    for (const Actor& actor : network_.actors()) {
      if (!isOnnxOp(actor) || !makesFromIntegers(actor)) continue;
      for (const size_t result : actor.outputs) {
        if (result != kNone) facts_[result].from_integers = true;
      }
    }
  }

  [[nodiscard]] bool makesFromIntegers(const Actor& actor) const {
    const std::string& op = actor.node->op_type();
    if (op == "Range") return true;
    if (op == "Cast" && !actor.input_types.empty() && isWideInteger(actor.input_types[0])) return !isMask(actor);
    if (!carriesMagnitudes(op) && op != "MatMul" && op != "Einsum") return false;
    bool any = false;
    for (const size_t source : actor.inputs) {
      if (source == kNone) continue;
      if (facts_[source].from_integers) {
        any = true;
      } else if (!value(source).constant || value(source).constant->elementCount() > kMostFrequencies) {
        return false;
      }
    }
    return any;
  }

  /// The product of two scales is far below what a half holds; what integer sums are multiplied with it is not.
  void followScales() {
    const auto is_known = [&](size_t source) {
      return source == kNone || facts_[source].is_scale || value(source).constant;
    };
    for (const Actor& actor : network_.actors()) {
      if (!isOnnxOp(actor)) continue;
      const bool finds = isOp(actor, "DynamicQuantizeLinear");
      if (!finds && !(readsScale(actor) && std::ranges::all_of(actor.inputs, is_known))) continue;
      for (size_t i = finds ? 1 : 0; i < actor.outputs.size(); ++i) {
        if (actor.outputs[i] != kNone) facts_[actor.outputs[i]].is_scale = true;
      }
    }
  }

  [[nodiscard]] bool readsScale(const Actor& actor) const {
    return carriesMagnitudes(actor.node->op_type()) &&
           std::ranges::any_of(actor.inputs, [&](size_t source) { return source != kNone && facts_[source].is_scale; });
  }

  /// Zeros and ones, as far as the samples show.
  [[nodiscard]] bool isMask(const Actor& cast) const {
    const RangeEntry* range = cast.outputs[0] == kNone ? nullptr : rangeOf(cast.outputs[0]);
    return range != nullptr && magnitude(*range) <= 1;
  }

  // --- one actor ----------------------------------------------------------------------------------------------------

  std::string reasonOf(size_t index) {
    const Actor& actor = network_.actors()[index];
    if (const std::string* why = knownReason(actor)) return *why;
    if (!actor.obstacle.empty()) return actor.obstacle;
    if (const auto found = excluded_.find(actor.node); found != excluded_.end()) return found->second;
    if (actor.kind == Actor::Kind::kInput || actor.kind == Actor::Kind::kOutput) return interfaceReason(actor);
    if (auto why = valueReason(actor); !why.empty()) return why;
    if (actor.kind != Actor::Kind::kNode) return "";
    if (auto why = constantReason(index); !why.empty()) return why;
    for (const size_t result : actor.writes) {
      if (facts_[result].from_integers) {
        return fmt::format("computes positions or sizes, and {} holds whole numbers only up to {}", type_name_,
                           options_.type == DataType::kFloat16 ? 2048 : 256);
      }
    }
    if (!isOnnxOp(actor)) return "";
    if (ranges_ == nullptr && readsScale(actor)) return withoutSamples("computes with scales, which are small");
    return operatorReason(actor);
  }

  /// Of the node itself, or of an If, Loop or Scan around it.
  [[nodiscard]] const std::string* knownReason(const Actor& actor) const {
    if (actor.kind != Actor::Kind::kNode && actor.kind != Actor::Kind::kSlot) return nullptr;
    for (const auto& [key, why] : known_) {
      if (actor.key.starts_with(key) && (actor.key.size() == key.size() || actor.key[key.size()] == '/')) return &why;
    }
    return nullptr;
  }

  std::string interfaceReason(const Actor& actor) {
    const bool is_input = actor.kind == Actor::Kind::kInput;
    if (options_.keep_io_types) return is_input ? "an input of the model" : "an output of the model";
    const auto why = valueReason(actor);
    if (!why.empty()) {
      verdict_.warnings.push_back(
          fmt::format("{} '{}' stays float32: {}", is_input ? "input" : "output", actor.key, why));
    }
    return why;
  }

  /// Values that the samples showed to be too large or too small.
  [[nodiscard]] std::string valueReason(const Actor& actor) const {
    for (const auto* values : {&actor.writes, &actor.reads}) {
      for (const size_t index : *values) {
        const RangeEntry* range = rangeOf(index);
        if (range == nullptr) continue;
        const float largest = magnitude(*range);
        if (largest > largestOf(options_.type) / kHeadroom) {
          return fmt::format("'{}' reaches {:.3g}; {} ends at {:.3g}", value(index).name, largest, type_name_,
                             largestOf(options_.type));
        }
        if (largest > 0 && largest < kSmallestUseful * smallestNormalOf(options_.type)) {
          return fmt::format("'{}' reaches only {:.3g}, where {} loses places", value(index).name, largest, type_name_);
        }
      }
    }
    return "";
  }

  /// Constants that the type cannot hold.
  std::string constantReason(size_t index) {
    const Actor& actor = network_.actors()[index];
    for (size_t i = 0; i < actor.inputs.size(); ++i) {
      const size_t source = actor.inputs[i];
      if (source == kNone || !value(source).constant || actor.ports.inputs[i] != HalfPort::kFollows) continue;
      if (isBound(actor, i)) {
        noteBound(index, source);
        continue;
      }
      if (auto why = lossReason(source); !why.empty()) return why;
    }
    if (isOp(actor, "Constant")) return heldReason(actor);
    return "";
  }

  /// A bound beyond the range becomes infinity, and infinity bounds what is left of the numbers in the same way.
  [[nodiscard]] bool isBound(const Actor& actor, size_t input) const {
    if (isOp(actor, "Clip")) return input > 0;
    const bool is_extreme = isOp(actor, "Min") || isOp(actor, "Max");
    return is_extreme && value(actor.inputs[input]).constant->elementCount() == 1;
  }

  void noteBound(size_t actor, size_t bound) {
    if (lossOf(bound).overflowing == 0) return;
    verdict_.notes[actor] =
        fmt::format("its bound {:.3g} becomes infinity, the same to a {}", lossOf(bound).max_magnitude, type_name_);
  }

  std::string lossReason(size_t constant) {
    const auto why = describeLoss(lossOf(constant), value(constant).name);
    if (!why.empty() && value(constant).constant->elementCount() > 1 && warned_.insert(constant).second) {
      verdict_.warnings.push_back(fmt::format("weights stay float32: {}", why));
    }
    return why;
  }

  [[nodiscard]] std::string describeLoss(const HalfLoss& loss, const std::string& name) const {
    if (loss.overflowing > 0) {
      return fmt::format("'{}' holds {} of {} value(s) beyond {}'s largest number {:.6g}, up to {:.3g}", name,
                         loss.overflowing, loss.elements, type_name_, largestOf(options_.type), loss.max_magnitude);
    }
    if (loss.non_zero == 0 || loss.max_magnitude == 0) return "";  // a mask of 0 and -inf stays what it is
    if (loss.max_magnitude < smallestNormalOf(options_.type)) {
      return fmt::format("'{}' reaches only {:.3g}, below {}'s smallest normal number {:.3g}", name, loss.max_magnitude,
                         type_name_, smallestNormalOf(options_.type));
    }
    if (static_cast<double>(loss.vanishing) > kMostVanishing * static_cast<double>(loss.non_zero)) {
      return fmt::format("{} of the {} values of '{}' that are not zero would become zero in {}", loss.vanishing,
                         loss.non_zero, name, type_name_);
    }
    return "";
  }

  /// What a Constant node inside a body holds.
  std::string heldReason(const Actor& node) {
    if (node.outputs[0] == kNone) return "";
    return value(node.outputs[0]).constant ? lossReason(node.outputs[0]) : "holds a sparse tensor";
  }

  // --- operators ----------------------------------------------------------------------------------------------------

  [[nodiscard]] std::string operatorReason(const Actor& actor) const {
    const DelicateOp& row = delicacyOf(actor.node->op_type());
    if (actor.reads.empty() && actor.writes.empty()) return "";
    switch (row.delicacy) {
      case Delicacy::kNone: return squareReason(actor);
      case Delicacy::kAlways: return std::string(row.why);
      case Delicacy::kSteep: return steepReason(actor, row.why);
      case Delicacy::kSum: return sumReason(actor, row, 1);
      case Delicacy::kSquares: return sumReason(actor, row, 2);
    }
    return "";
  }

  /// x * x, as variances have it.
  [[nodiscard]] std::string squareReason(const Actor& actor) const {
    if (!isOp(actor, "Mul") || actor.inputs[0] == kNone || actor.inputs[0] != actor.inputs[1]) return "";
    return steepReason(actor, "squares");
  }

  [[nodiscard]] std::string steepReason(const Actor& actor, std::string_view why) const {
    const size_t result = actor.outputs.empty() ? kNone : actor.outputs[0];
    if (result != kNone && rangeOf(result) != nullptr) return "";  // its range was looked at
    return withoutSamples(why);
  }

  static std::string withoutSamples(std::string_view why) {
    return fmt::format("{}, and no samples show how far", why);
  }

  /// The largest sum that the samples can lead to on the way to one result.
  [[nodiscard]] std::string sumReason(const Actor& actor, const DelicateOp& row, int power) const {
    const size_t source = actor.inputs.empty() ? kNone : actor.inputs[0];
    const size_t result = actor.outputs.empty() ? kNone : actor.outputs[0];
    if (source == kNone || result == kNone || rangeOf(source) == nullptr || rangeOf(result) == nullptr) {
      return withoutSamples(row.why);
    }
    const RangeEntry& from = *rangeOf(source);
    const double terms = termsOf(actor, from, *rangeOf(result));
    const double largest = terms * std::pow(static_cast<double>(magnitude(from)), power);
    if (largest <= static_cast<double>(largestOf(options_.type))) return "";
    return fmt::format("{}: about {:.0f} of up to {:.3g} may sum up to {:.3g}", row.why, terms, magnitude(from),
                       largest);
  }

  /// How many elements make one sum. Where the result is as large as the argument, no more than the elements of one
  /// sample is known.
  [[nodiscard]] double termsOf(const Actor& actor, const RangeEntry& from, const RangeEntry& to) const {
    if (from.elements > to.elements && to.elements > 0) {
      return static_cast<double>(from.elements) / static_cast<double>(to.elements);
    }
    const auto type = graph_.valueType(value(actor.inputs[0]).name);
    double elements = 1;
    if (type && type->shape) {
      for (const int64_t size : *type->shape) elements *= static_cast<double>(std::max<int64_t>(size, 1));
    }
    return elements;
  }

  // --- numbers beyond the range -------------------------------------------------------------------------------------

  /// A mask of -1e9 that is added to a value makes the sum leave the range too, and so on, until something brings it
  /// back (Softmax).
  void followOverflows() {
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < network_.actors().size(); ++i) changed = followOverflow(i) || changed;
    }
  }

  bool followOverflow(size_t index) {
    const Actor& actor = network_.actors()[index];
    if (actor.kind == Actor::Kind::kOutput) return false;
    const bool carries =
        actor.kind == Actor::Kind::kSlot || (isOnnxOp(actor) && carriesMagnitudes(actor.node->op_type()));
    std::string cause;
    for (size_t i = 0; i < actor.reads.size() && cause.empty(); ++i) {
      const size_t source = actor.reads[i];
      const bool is_beyond = facts_[source].overflows || (carries && !isBoundOf(actor, source) &&
                                                          value(source).constant && lossOf(source).overflowing > 0);
      if (is_beyond) cause = value(source).name;
    }
    if (cause.empty()) return false;
    if (verdict_.reasons[index].empty()) {
      verdict_.reasons[index] = fmt::format("'{}' holds numbers beyond {}'s range", cause, type_name_);
    }
    bool changed = false;
    for (const size_t result : actor.writes) {
      if (!carries || facts_[result].overflows) continue;
      facts_[result].overflows = true;
      changed = true;
    }
    return changed;
  }

  [[nodiscard]] bool isBoundOf(const Actor& actor, size_t source) const {
    const auto place = std::ranges::find(actor.inputs, source);
    if (place == actor.inputs.end() || !value(source).constant) return false;
    return isBound(actor, static_cast<size_t>(place - actor.inputs.begin()));
  }

  /// Numbers that get lost though their tensors are converted.
  void warnOfVanishing() {
    int64_t vanishing = 0, tensors = 0;
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (!facts_[i].loss || facts_[i].loss->vanishing == 0 || !describeLoss(*facts_[i].loss, "").empty()) continue;
      vanishing += facts_[i].loss->vanishing;
      ++tensors;
    }
    if (vanishing == 0) return;
    verdict_.warnings.push_back(fmt::format("{} value(s) in {} constant(s) are too small for {} and become zero",
                                            vanishing, tensors, type_name_));
  }

  const FloatNetwork& network_;
  const Graph& graph_;
  const RangeTable* ranges_;
  const HalfOptions& options_;
  const std::map<std::string, std::string>& known_;
  std::string type_name_;
  std::vector<Facts> facts_;
  std::map<const onnx::NodeProto*, std::string> excluded_;
  std::set<size_t> warned_;
  HalfVerdict verdict_;
};

}  // namespace

HalfVerdict judgeHalf(const FloatNetwork& network, const Graph& graph, const RangeTable* ranges,
                      const HalfOptions& options, const std::map<std::string, std::string>& known) {
  return Judge(network, graph, ranges, options, known).run();
}

}  // namespace quant
