#include "quantizer/apply_float16.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "quantizer/body_slots.h"
#include "quantizer/float_network.h"
#include "quantizer/half_constants.h"
#include "quantizer/half_ports.h"
#include "quantizer/transposed_twins.h"

namespace quant {

namespace {

/// Constants up to this size are converted at once: shape inference may ask for them.
constexpr int64_t kSmallConstant = 256;

class Rewriter {
 public:
  Rewriter(Graph& graph, const QuantizationPlan& plan) : graph_(graph), plan_(plan.half) {
    for (const NodePlacement& row : plan.nodes) treatments_[row.output] = row.treatment;
  }

  void run() {
    Scope scope;
    convertConstants();
    convertInputs();
    const std::vector<Node*> nodes = graph_.nodes();
    for (Node* node : nodes) giveOutputsAway(*node, scope);
    for (Node* node : nodes) rewriteMainNode(*node, scope);
    for (const auto& name : graph_.outputs()) finishOutput(name, scope);
    convertTypes();
    for (const auto& [value, table] : twins_) addTranspose(table, value);
    for (const auto& value : absorbed_) graph_.bypass(*graph_.producer(value));
    graph_.removeUnused();
    graph_.verify();
  }

 private:
  struct Scope {
    Scope* outer = nullptr;
    std::string path;                       ///< as in the keys of FloatNetwork
    std::vector<onnx::NodeProto>* nodes{};  ///< of a body, as far as it is written; null for the main graph
    onnx::GraphProto* body = nullptr;
  };

  /// A value's name in float32 and in half; empty where nobody has asked for it yet.
  struct Names {
    std::string in_float, in_half;
  };

  [[nodiscard]] std::string typeSuffix(bool half) const {
    return fmt::format("_{}", half ? toString(plan_.type) : "float32");
  }

  std::string freshName(const std::string& base) {
    std::string name = graph_.uniqueName(base);
    for (int i = 1; !given_.insert(name).second; ++i) name = graph_.uniqueName(fmt::format("{}_{}", base, i));
    return name;
  }

  // --- values -------------------------------------------------------------------------------------------------------

  /// The innermost graph around `scope` in which the plan knows the value; null when it never was float32.
  Scope* homeOf(Scope& scope, const std::string& name) {
    for (Scope* at = &scope; at != nullptr; at = at->outer) {
      if (plan_.values.contains(at->path + name)) return at;
    }
    return nullptr;
  }

  Names& namesOf(const std::string& key, const std::string& name) {
    const auto [entry, is_new] = names_.try_emplace(key);
    if (is_new) (plan_.values.at(key) == HalfStorage::kHalf ? entry->second.in_half : entry->second.in_float) = name;
    return entry->second;
  }

  /// The value in the wanted precision, cast where it is not there yet.
  std::string valueIn(Scope& scope, const std::string& name, bool half) {
    Scope* home = name.empty() ? nullptr : homeOf(scope, name);
    if (home == nullptr) return name;
    Names& names = namesOf(home->path + name, name);
    std::string& wanted = half ? names.in_half : names.in_float;
    if (wanted.empty()) {
      wanted = freshName(name + typeSuffix(half));
      addCast(*home, half ? names.in_float : names.in_half, wanted, half);
    }
    return wanted;
  }

  void addCast(Scope& scope, const std::string& from, const std::string& to, bool half) {
    onnx::NodeProto node = makeNode("Cast", {from}, {to}, freshName(to + "_Cast"));
    auto& attribute = *node.add_attribute();
    attribute.set_name("to");
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(static_cast<int64_t>(half ? plan_.type : DataType::kFloat32));
    if (scope.nodes != nullptr) {
      scope.nodes->push_back(std::move(node));
    } else {
      graph_.addNode(std::move(node));
    }
  }

  /// As it is stored, for readers that take both.
  std::string valueAsStored(Scope& scope, const std::string& name) {
    Scope* home = name.empty() ? nullptr : homeOf(scope, name);
    if (home == nullptr) return name;
    const Names& names = namesOf(home->path + name, name);
    return names.in_half.empty() ? names.in_float : names.in_half;
  }

  // --- the main graph -----------------------------------------------------------------------------------------------

  [[nodiscard]] HalfRounding roundingOf(const std::string& key) const {
    return plan_.diffused.contains(key) ? HalfRounding::kDiffused : HalfRounding::kNearest;
  }

  /// Of tied embeddings one form is stored.
  void findTwins() {
    std::set<std::string> halves;
    for (const auto& name : graph_.constants()) {
      const auto planned = plan_.values.find(name);
      const bool is_half = planned != plan_.values.end() && planned->second == HalfStorage::kHalf;
      if (is_half && !graph_.isOutput(name) && !plan_.diffused.contains(name)) halves.insert(name);
    }
    twins_ = findTransposedTwins(graph_, halves);
  }

  void addTranspose(const std::string& table, const std::string& value) {
    Node& node = graph_.addNode(makeNode("Transpose", {table}, {value}, freshName(value + "_Transpose")));
    node.setAttr("perm", std::vector<int64_t>{1, 0});
  }

  void convertConstants() {
    findTwins();
    for (const auto& name : graph_.constants()) {
      const auto planned = plan_.values.find(name);
      if (planned == plan_.values.end() || planned->second == HalfStorage::kFloat32) continue;
      if (twins_.contains(name)) {
        graph_.removeConstant(name);
        names_[name] = {"", name};
        continue;
      }
      const Tensor floats = graph_.constant(name)->alias();
      const bool stays = planned->second == HalfStorage::kBoth;
      const std::string half_name = stays ? freshName(name + typeSuffix(true)) : name;
      if (!stays) graph_.removeConstant(name);
      const HalfRounding rounding = roundingOf(name);
      if (floats.elementCount() <= kSmallConstant) {
        graph_.defineConstant(half_name, inHalf(floats, plan_.type, rounding));
      } else {
        graph_.defineConstant(half_name, halfOf(floats, plan_.type, rounding));
      }
      names_[name] = {stays ? name : "", half_name};
    }
  }

  void convertInputs() {
    for (auto& info : *graph_.rest().mutable_graph()->mutable_input()) {
      const auto planned = plan_.values.find(info.name());
      if (graph_.isConstant(info.name()) || planned == plan_.values.end()) continue;
      if (planned->second == HalfStorage::kHalf) setElementType(info);
    }
  }

  /// Outputs of the model keep their names for what comes out last: a node that gives one in the other precision gives
  /// it under another name.
  void giveOutputsAway(Node& node, Scope& scope) {
    for (int i = 0; i < node.outputCount(); ++i) {
      const std::string name = node.output(i);
      if (name.empty() || !graph_.isOutput(name) || !plan_.values.contains(name)) continue;
      const bool is_half = plan_.values.at(name) == HalfStorage::kHalf, wants_half = plan_.half_outputs.contains(name);
      if (is_half == wants_half) continue;
      const std::string given = freshName(name + typeSuffix(is_half));
      graph_.setOutput(node, i, given);
      renamed_[given] = name;
      names_[name] = is_half ? Names{name, given} : Names{given, name};
      addCast(scope, given, name, wants_half);
    }
  }

  void rewriteMainNode(Node& node, Scope& scope) {
    onnx::NodeProto changed = node.proto();
    const bool attributes_changed = rewrite(changed, scope);
    if (attributes_changed) return graph_.replaceNode(node, replacement(std::move(changed)));
    for (int i = 0; i < changed.input_size(); ++i) {
      if (node.input(i) != changed.input(i)) graph_.setInput(node, i, changed.input(i));
    }
  }

  static std::vector<onnx::NodeProto> replacement(onnx::NodeProto node) {
    std::vector<onnx::NodeProto> nodes;
    nodes.push_back(std::move(node));
    return nodes;
  }

  /// An output that no node gives (an input or a constant of the model), or that has the right type already.
  void finishOutput(const std::string& name, Scope& scope) {
    for (auto& info : *graph_.rest().mutable_graph()->mutable_output()) {
      if (info.name() != name || !plan_.values.contains(name)) continue;
      const bool half = plan_.half_outputs.contains(name);
      if (half) setElementType(info);
      if (graph_.producer(name) == nullptr && valueIn(scope, name, half) != name) {
        throwInternal("the output '{}' is no node's result and cannot change its type", name);
      }
    }
  }

  // --- nodes --------------------------------------------------------------------------------------------------------

  [[nodiscard]] std::string originalKey(const onnx::NodeProto& node, const Scope& scope) const {
    for (const auto& name : node.output()) {
      if (name.empty()) continue;
      const auto found = renamed_.find(name);
      return scope.path + (scope.outer == nullptr && found != renamed_.end() ? found->second : name);
    }
    return keyOf(scope.path, node);
  }

  /// Changes a node that stands in `scope`; true when more than its inputs changed.
  bool rewrite(onnx::NodeProto& node, Scope& scope) {
    const std::string key = originalKey(node, scope);
    if (hasBodySlots(node)) return rewriteBodies(node, key, scope);
    const auto found = treatments_.find(key);
    const auto treatment = found == treatments_.end() ? Treatment::kFloat : found->second;
    if (!bodiesOf(node).empty()) return rewriteOpaque(node, scope);
    const bool half = treatment == Treatment::kHalf || treatment == Treatment::kAbsorbed;
    if (treatment == Treatment::kAbsorbed) absorbed_.push_back(node.output(0));
    const bool is_onnx = node.domain().empty() || node.domain() == "ai.onnx";
    const HalfPorts ports = halfPortsOf(node, graph_.opset(is_onnx ? "" : node.domain()), plan_.type);
    for (int i = 0; i < node.input_size(); ++i) {
      switch (ports.inputs[static_cast<size_t>(i)]) {
        case HalfPort::kFollows: node.set_input(i, valueIn(scope, node.input(i), half)); break;
        case HalfPort::kAny: node.set_input(i, valueAsStored(scope, node.input(i))); break;
        case HalfPort::kFloat32: node.set_input(i, valueIn(scope, node.input(i), false)); break;
      }
    }
    return half && givesHalf(node, scope) && convertAttributes(node, plan_.type);
  }

  /// Cast and the like may give something else than floats.
  bool givesHalf(const onnx::NodeProto& node, const Scope& scope) const {
    return std::ranges::any_of(node.output(), [&](const auto& name) {
      const auto renamed = renamed_.find(name);
      const std::string key = scope.path + (renamed != renamed_.end() ? renamed->second : name);
      const auto planned = plan_.values.find(key);
      return planned != plan_.values.end() && planned->second == HalfStorage::kHalf;
    });
  }

  /// A node whose bodies are not looked into reads everything in float32.
  bool rewriteOpaque(onnx::NodeProto& node, Scope& scope) {
    for (auto& name : *node.mutable_input()) name = valueIn(scope, name, false);
    for (auto* body : mutableBodiesOf(node)) readFloats(*body, scope);
    return true;
  }

  void readFloats(onnx::GraphProto& body, Scope& scope) {
    for (auto& node : *body.mutable_node()) {
      for (auto& name : *node.mutable_input()) name = valueIn(scope, name, false);
      for (auto* inner : mutableBodiesOf(node)) readFloats(*inner, scope);
    }
  }

  // --- bodies -------------------------------------------------------------------------------------------------------

  bool rewriteBodies(onnx::NodeProto& node, const std::string& key, Scope& scope) {
    const auto slots = bodySlotsOf(node);
    const auto named = bodiesOf(node);
    std::vector<std::string> paths;
    for (const auto& body : named) paths.push_back(bodyPath(key, body.name));
    const auto bodies = mutableBodiesOf(node);
    const auto isHalf = [&](size_t slot) { return plan_.half_slots.contains(slotKey(key, slot)); };

    for (size_t s = 0; s < slots.size(); ++s) {
      if (slots[s].input >= 0) {
        node.set_input(slots[s].input, valueIn(scope, node.input(slots[s].input), isHalf(s)));
      }
    }
    for (size_t b = 0; b < bodies.size(); ++b) {
      std::vector<onnx::NodeProto> nodes;
      Scope inner{&scope, paths[b], &nodes, bodies[b]};
      convertBodyConstants(inner);
      for (auto& old : *bodies[b]->mutable_node()) {
        rewrite(old, inner);
        nodes.push_back(std::move(old));
      }
      for (size_t s = 0; s < slots.size(); ++s) {
        for (const BodyPort& port : slots[s].body_outputs) {
          if (port.body == static_cast<int>(b)) finishBodyOutput(inner, port.index, isHalf(s));
        }
      }
      bodies[b]->clear_node();
      for (auto& written : nodes) *bodies[b]->add_node() = std::move(written);
      convertBodyTypes(inner);
    }
    return true;
  }

  void convertBodyConstants(Scope& scope) {
    const int count = scope.body->initializer_size();
    for (int i = 0; i < count; ++i) {
      auto& tensor = *scope.body->mutable_initializer(i);
      const auto planned = plan_.values.find(scope.path + tensor.name());
      if (planned == plan_.values.end() || planned->second == HalfStorage::kFloat32) continue;
      const std::string name = tensor.name();
      if (planned->second == HalfStorage::kHalf) {
        convertInPlace(tensor, plan_.type, roundingOf(planned->first));
        names_[planned->first] = {"", name};
        continue;
      }
      onnx::TensorProto copy = tensor;
      copy.set_name(freshName(name + typeSuffix(true)));
      convertInPlace(copy, plan_.type, roundingOf(planned->first));
      names_[planned->first] = {name, copy.name()};
      *scope.body->add_initializer() = std::move(copy);
    }
  }

  void finishBodyOutput(Scope& scope, int index, bool half) {
    auto& info = *scope.body->mutable_output(index);
    const Scope* home = homeOf(scope, info.name());
    if (home == nullptr) return;
    const std::string name = valueIn(scope, info.name(), half);
    // The type is set here: `convertBodyTypes` knows only the values as they were.
    if (info.has_type()) {
      info.mutable_type()->mutable_tensor_type()->set_elem_type(
          static_cast<int32_t>(half ? plan_.type : DataType::kFloat32));
    }
    info.set_name(name);
  }

  void convertBodyTypes(Scope& scope) {
    for (auto* infos : {scope.body->mutable_input(), scope.body->mutable_value_info()}) {
      for (auto& info : *infos) {
        if (isStoredHalf(scope.path + info.name()) && info.type().has_tensor_type()) setElementType(info);
      }
    }
  }

  // --- types --------------------------------------------------------------------------------------------------------

  [[nodiscard]] bool isStoredHalf(const std::string& key) const {
    const auto planned = plan_.values.find(key);
    return planned != plan_.values.end() && planned->second == HalfStorage::kHalf;
  }

  void setElementType(onnx::ValueInfoProto& info) const {
    info.mutable_type()->mutable_tensor_type()->set_elem_type(static_cast<int32_t>(plan_.type));
  }

  /// What the file and the last inference say of values that are half now.
  void convertTypes() {
    for (auto& info : *graph_.rest().mutable_graph()->mutable_value_info()) {
      if (isStoredHalf(info.name()) && !graph_.isOutput(info.name())) setElementType(info);
    }
    for (const auto& [key, storage] : plan_.values) {
      if (storage != HalfStorage::kHalf || graph_.isConstant(key)) continue;
      if (graph_.isOutput(key) && !plan_.half_outputs.contains(key)) continue;
      auto type = graph_.valueType(key);
      if (!type || type->type != DataType::kFloat32) continue;
      graph_.setValueType(key, {plan_.type, type->shape});
    }
  }

  Graph& graph_;
  const HalfPlan& plan_;
  std::unordered_map<std::string, Treatment> treatments_;
  std::unordered_map<std::string, Names> names_;          // by key
  std::unordered_map<std::string, std::string> renamed_;  // new name of a result -> the output it was
  std::unordered_set<std::string> given_;
  std::map<std::string, std::string> twins_;  // a constant and the one whose Transpose it becomes
  std::vector<std::string> absorbed_;
};

}  // namespace

void applyFloat16(Graph& graph, const QuantizationPlan& plan) { Rewriter(graph, plan).run(); }

}  // namespace quant
