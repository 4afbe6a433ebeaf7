// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Plan.h"

#include <algorithm>

using namespace pebble;
using namespace pebble::quantize;

namespace {

/// What a node is to quantization.
enum class Role {
  Float,    ///< Computes on numbers.
  Layer,    ///< Becomes an integer layer.
  Fused,    ///< A part of the layer before it.
  Mover,    ///< Moves elements: works on codes as on numbers.
  Function, ///< A part of a function of one tensor, which becomes a table.
};

/// Kinds of operators by name; the first list of layers needs constant weights.
const std::set<std::string> kContractions = {"Conv", "Gemm", "MatMul"};
const std::set<std::string> kLightLayers = {
    "Add", "Mul", "AveragePool", "GlobalAveragePool", "ReduceMean", "Softmax", "Concat"};
/// Layers whose result an activation can bound.
const std::set<std::string> kBoundable = {
    "Conv", "Gemm", "MatMul", "Add", "Mul", "AveragePool", "GlobalAveragePool", "ReduceMean"};
const std::set<std::string> kMovers = {"DepthToSpace", "Dropout",  "Expand",       "Flatten",
                                       "Gather",       "Identity", "MaxPool",      "Pad",
                                       "Reshape",      "Slice",    "SpaceToDepth", "Split",
                                       "Squeeze",      "Tile",     "Transpose",    "Unsqueeze"};
const std::set<std::string> kFunctions = {"Abs",
                                          "Add",
                                          "Celu",
                                          "Clip",
                                          "Div",
                                          "Elu",
                                          "Erf",
                                          "Exp",
                                          "Gelu",
                                          "HardSigmoid",
                                          "HardSwish",
                                          "Log",
                                          "Max",
                                          "Min",
                                          "Mish",
                                          "Mul",
                                          "Neg",
                                          "LeakyRelu",
                                          "PRelu",
                                          "Pow",
                                          "Relu",
                                          "Selu",
                                          "Sigmoid",
                                          "Softplus",
                                          "Sqrt",
                                          "Softsign",
                                          "Sub",
                                          "Tanh",
                                          "ThresholdedRelu"};

/// Sums of so many products of 8-bit codes fit i32.
constexpr int64_t kDeepest = INT32_MAX / (255 * 128);

class Planner {
public:
  Planner(const Graph &graph, const Policy &policy) : graph(graph), policy(policy) {}

  Plan run() {
    nameNodes();
    // A function's result that a layer reads is quantized, and functions of it start anew.
    for (;;) {
      classify();
      joinGroups();
      std::set<std::string> found;
      for (const auto &[tensor, root] : roots)
        if (coded.count(representative(tensor)))
          found.insert(tensor);
      // Only grows, so that this ends.
      size_t before = terminals.size();
      terminals.insert(found.begin(), found.end());
      if (terminals.size() == before)
        break;
    }
    fillGroups();
    listFloats();
    return std::move(plan);
  }

private:
  using Node = proto::NodeProto;

  void nameNodes() {
    std::map<std::string, int> uses;
    for (const Node &node : graph.proto().node())
      ++uses[node.name()];
    for (const Node &node : graph.proto().node())
      nodeNames.push_back(!node.name().empty() && uses[node.name()] == 1 ? node.name()
                          : node.output_size() > 0                       ? node.output(0)
                                                                         : std::string());
  }

  static std::string input(const Node &node, int index) {
    return index < node.input_size() ? node.input(index) : std::string();
  }

  bool isFloat(const std::string &tensor) const {
    return graph.elementType(tensor) == proto::TensorProto::FLOAT;
  }

  bool isScalar(const std::string &tensor) const {
    std::optional<FloatTensor> value = graph.floats(tensor);
    return value && value->values.size() == 1;
  }

  std::string rootOf(const std::string &tensor) const {
    auto found = roots.find(tensor);
    return found == roots.end() || terminals.count(tensor) ? tensor : found->second;
  }

  void classify() {
    plan = Plan();
    roles.assign(graph.proto().node_size(), Role::Float);
    reasons.clear();
    roots.clear();
    layerOf.clear();
    integers.clear();
    for (const auto &value : graph.proto().input())
      if (isFloat(value.name()))
        integers.insert(value.name());
    for (int i = 0; i < graph.proto().node_size(); ++i)
      roles[i] = classify(i);
  }

  Role classify(int index) {
    const Node &node = graph.node(index);
    if (node.output_size() == 0 || node.input_size() == 0 || !isOp(node, node.op_type()) ||
        !isFloat(node.output(0)) || !isFloat(node.input(0)))
      return Role::Float;
    const std::string &op = node.op_type();
    if (fuses(node))
      return Role::Fused;
    if (kMovers.count(op) && moves(node)) {
      if (integers.count(node.input(0)))
        integers.insert(node.output().begin(), node.output().end());
      return Role::Mover;
    }
    if (kFunctions.count(op) && isFunction(node))
      return Role::Function;
    if (!kContractions.count(op) && !kLightLayers.count(op))
      return Role::Float;
    Layer layer;
    layer.name = nodeNames[index];
    layer.op = op;
    layer.node = index;
    layer.sum = layer.output = node.output(0);
    layer.bits = policy.bitsOf(layer.name);
    std::string reason = kContractions.count(op) ? contraction(node, layer) : light(node, layer);
    if (reason.empty() && !layer.bits.isInteger)
      reason = "the policy keeps it in float";
    if (!reason.empty()) {
      reasons[index] = reason;
      // It can be named in a policy all the same.
      if (!layer.bits.isInteger || layer.hasWeight())
        excluded[layer.name] = layer.hasWeight();
      return Role::Float;
    }
    integers.insert(layer.output);
    layerOf[layer.output] = plan.layers.size();
    plan.layers.push_back(std::move(layer));
    return Role::Layer;
  }

  /// Whether the node becomes a part of the layer that computes its operand.
  bool fuses(const Node &node) {
    int side = 0;
    auto found = layerOf.find(node.input(0));
    if (found == layerOf.end() && isOp(node, "Add")) {
      side = 1;
      found = layerOf.find(input(node, 1));
    }
    if (found == layerOf.end() || !graph.isReadOnce(found->first))
      return false;
    size_t index = found->second;
    Layer &layer = plan.layers[index];
    bool bounds = kBoundable.count(layer.op) &&
                  (isOp(node, "Relu") || (isOp(node, "Clip") && hasConstantBounds(node)));
    bool addsBias = layer.op == "MatMul" && layer.bias.empty() && layer.output == layer.sum &&
                    isOp(node, "Add") && isBias(input(node, 1 - side), layer);
    if (!bounds && !addsBias)
      return false;
    if (addsBias) {
      layer.bias = node.input(1 - side);
      layer.biasNode = graph.producer(node.output(0));
      layer.sum = node.output(0);
    }
    layer.output = node.output(0);
    layerOf.erase(found);
    layerOf[layer.output] = index;
    integers.insert(layer.output);
    return true;
  }

  bool isBias(const std::string &tensor, const Layer &layer) const {
    std::optional<FloatTensor> bias = graph.floats(tensor), weight = graph.floats(layer.weight);
    return bias && bias->dims.size() == 1 && bias->dims[0] == weight->dims[layer.channelAxis];
  }

  bool hasConstantBounds(const Node &node) const {
    for (int i = 1; i < node.input_size(); ++i)
      if (!node.input(i).empty() && !isScalar(node.input(i)))
        return false;
    return true;
  }

  bool moves(const Node &node) const {
    if (graph.isConstant(node.input(0)))
      return false;
    if (isOp(node, "MaxPool"))
      return node.output_size() == 1 || node.output(1).empty();
    if (!isOp(node, "Pad") || stringAttr(node, "mode", "constant") != "constant")
      return true;
    // What is not zero may have no code.
    std::optional<FloatTensor> value = graph.floats(input(node, 2));
    return input(node, 2).empty() || (value && value->values.size() == 1 && value->values[0] == 0);
  }

  /// Whether the node computes a function of one tensor alone.
  bool isFunction(const Node &node) {
    std::string root;
    for (const std::string &operand : node.input()) {
      if (operand.empty() || isScalar(operand))
        continue;
      if (graph.isConstant(operand) || (!root.empty() && rootOf(operand) != root))
        return false;
      root = rootOf(operand);
    }
    if (root.empty() || (isOp(node, "Clip") && !hasConstantBounds(node)))
      return false;
    roots[node.output(0)] = root;
    if (integers.count(root))
      integers.insert(node.output(0));
    return true;
  }

  std::string contraction(const Node &node, Layer &layer) {
    std::optional<FloatTensor> weight = graph.floats(input(node, 1));
    if (!weight || weight->values.empty())
      return "its weights are not constant";
    if (graph.isConstant(node.input(0)))
      return "what it reads is constant";
    size_t rank = weight->dims.size();
    layer.channelAxis = isOp(node, "Conv") || intAttr(node, "transB", 0) != 0 ? 0 : 1;
    if (isOp(node, "Conv") ? rank < 3 : rank != 2)
      return "its weights have " + std::to_string(rank) + " dims";
    if (isOp(node, "Gemm") && intAttr(node, "transA", 0) != 0)
      return "it transposes what it reads";
    int64_t channels = weight->dims[layer.channelAxis];
    if (static_cast<int64_t>(weight->values.size()) / channels > kDeepest)
      return "sums of its products can exceed 32 bits";
    layer.weight = input(node, 1);
    std::string bias = isOp(node, "MatMul") ? std::string() : input(node, 2);
    if (!bias.empty()) {
      std::optional<FloatTensor> value = graph.floats(bias);
      int64_t count = value ? static_cast<int64_t>(value->values.size()) : 0;
      bool isRow = value && (count == 1 || (count == channels && value->dims.back() == channels));
      if (!isRow)
        return value ? "its bias has another shape than its channels" : "its bias is not constant";
    }
    layer.bias = bias;
    layer.operands = {node.input(0)};
    return "";
  }

  std::string light(const Node &node, Layer &layer) {
    layer.operands.assign(node.input().begin(), node.input().end());
    if (!isOp(node, "Add") && !isOp(node, "Mul") && !isOp(node, "Concat"))
      layer.operands.resize(1);
    bool touchesIntegers = false;
    for (const std::string &operand : layer.operands) {
      touchesIntegers |= integers.count(operand) > 0;
      if (!isFloat(operand))
        return "it is no layer of f32";
    }
    if (isOp(node, "ReduceMean") && !meansPlanes(node))
      return "it takes the mean of other dims than height and width";
    return touchesIntegers ? "" : "no integer layer is before it";
  }

  bool meansPlanes(const Node &node) const {
    std::optional<std::vector<int64_t>> axes = intsAttr(node, "axes");
    if (!axes)
      axes = graph.ints(input(node, 1));
    if (!axes || intAttr(node, "keepdims", 1) != 1)
      return false;
    std::sort(axes->begin(), axes->end());
    return *axes == std::vector<int64_t>{2, 3} || *axes == std::vector<int64_t>{-2, -1};
  }

  std::string representative(std::string tensor) const {
    for (auto next = parents.find(tensor); next != parents.end(); next = parents.find(tensor))
      tensor = next->second;
    return tensor;
  }

  void join(const std::string &a, const std::string &b) {
    std::string first = representative(a), second = representative(b);
    if (first != second)
      parents[second] = first;
  }

  void joinGroups() {
    parents.clear();
    coded.clear();
    for (int i = 0; i < graph.proto().node_size(); ++i)
      if (roles[i] == Role::Mover)
        for (const std::string &output : graph.node(i).output())
          join(graph.node(i).input(0), output);
    for (const Layer &layer : plan.layers)
      if (layer.op == "Concat")
        for (const std::string &operand : layer.operands)
          join(operand, layer.output);
    for (const Layer &layer : plan.layers) {
      for (const std::string &operand : layer.operands)
        coded.insert(representative(operand));
      coded.insert(representative(layer.output));
    }
    for (const auto &[tensor, root] : roots)
      if (graph.isOutput(tensor) && integers.count(tensor))
        coded.insert(representative(tensor));
    // The union's members may have been named before they were joined.
    std::set<std::string> joined;
    for (const std::string &tensor : coded)
      joined.insert(representative(tensor));
    coded = std::move(joined);
  }

  void fillGroups() {
    std::map<std::string, int> groupOfRoot;
    auto add = [&](const std::string &tensor, bool isSource, bool isProbability) {
      std::string root = representative(tensor);
      if (!coded.count(root) || plan.groupOf.count(tensor))
        return;
      auto [found, isNew] = groupOfRoot.try_emplace(root, plan.groups.size());
      if (isNew)
        plan.groups.push_back({{}, {}, 0, true});
      Group &group = plan.groups[found->second];
      plan.groupOf[tensor] = found->second;
      group.tensors.push_back(tensor);
      if (isSource) {
        group.sources.push_back(tensor);
        group.isProbability &= isProbability;
      }
    };
    for (const auto &value : graph.proto().input())
      add(value.name(), true, false);
    for (const Layer &layer : plan.layers)
      for (const std::string &operand : layer.operands)
        if (graph.isConstant(operand))
          add(operand, true, false);
    for (int i = 0; i < graph.proto().node_size(); ++i)
      for (const std::string &output : graph.node(i).output()) {
        bool moves =
            roles[i] == Role::Mover || (roles[i] == Role::Layer && isOp(graph.node(i), "Concat"));
        add(output, !moves, roles[i] == Role::Layer && isOp(graph.node(i), "Softmax"));
      }
    for (const Layer &layer : plan.layers)
      for (const std::string &operand : layer.operands) {
        Group &group = plan.groups[plan.groupOf.at(operand)];
        group.bits = std::max(group.bits, layer.bits.activations);
      }
    // What no layer reads is a result, and a narrow one would help nobody.
    for (Group &group : plan.groups)
      if (group.bits == 0)
        group.bits = 8;
  }

  void listFloats() {
    for (int i = 0; i < graph.proto().node_size(); ++i) {
      const Node &node = graph.node(i);
      if ((roles[i] != Role::Float && roles[i] != Role::Function) || node.output_size() == 0 ||
          !isFloat(node.output(0)))
        continue;
      auto isCode = [&](const std::string &tensor) {
        return plan.isQuantized(tensor) && !graph.isConstant(tensor);
      };
      bool readsCodes = std::any_of(node.input().begin(), node.input().end(), isCode);
      auto reason = reasons.find(i);
      bool isContraction = kContractions.count(node.op_type()) && reason != reasons.end();
      bool isTable = roles[i] == Role::Function &&
                     (!graph.isOutput(node.output(0)) || plan.isQuantized(node.output(0)));
      if ((!readsCodes && !isContraction) || isTable)
        continue;
      plan.floats.push_back(
          {nodeNames[i], node.op_type(),
           reason != reasons.end() ? reason->second : "there is no integer layer for it"});
    }
    for (const auto &[name, hasWeight] : excluded)
      plan.excluded[name] = hasWeight;
  }

  const Graph &graph;
  const Policy &policy;
  Plan plan;
  std::vector<Role> roles;
  std::vector<std::string> nodeNames;
  std::map<int, std::string> reasons;         ///< Why a node is no layer.
  std::map<std::string, std::string> roots;   ///< What a function's result depends on.
  std::map<std::string, size_t> layerOf;      ///< By the layer's output so far.
  std::set<std::string> integers;             ///< Tensors that codes could stand for.
  std::set<std::string> terminals;            ///< Results of functions that are quantized.
  std::map<std::string, std::string> parents; ///< Of the union of tensors into groups.
  std::set<std::string> coded;                ///< Groups that carry codes.
  std::map<std::string, bool> excluded;       ///< Layers that stay in float.
};

} // namespace

std::map<std::string, bool> Plan::names() const {
  std::map<std::string, bool> result = excluded;
  for (const Layer &layer : layers)
    result[layer.name] = layer.hasWeight();
  return result;
}

Plan quantize::makePlan(const Graph &graph, const Policy &policy) {
  return Planner(graph, policy).run();
}
