// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Opset.h"

#include <algorithm>
#include <limits>

using namespace pebble;
using namespace pebble::quantize;

namespace {

/// The rewriting of one node. What stands before the node goes into `before`.
struct Rewriting {
  Graph &graph;
  proto::NodeProto &node;
  std::vector<proto::NodeProto> &before;
  std::vector<proto::NodeProto> &after;

  /// Sets an input that may be beyond those there are.
  void setInput(int index, const std::string &name) const {
    while (node.input_size() <= index)
      node.add_input("");
    node.set_input(index, name);
  }
};

/// What is in the way, or "".
using Rule = std::string (*)(const Rewriting &);

/// An attribute of integers that became input `Index`.
template <int Index> std::string intsToInput(const Rewriting &r, const std::string &name) {
  if (std::optional<std::vector<int64_t>> values = intsAttr(r.node, name)) {
    r.setInput(Index, r.graph.addInts(r.node.output(0) + "/" + name, *values));
    eraseAttr(r.node, name);
  }
  return "";
}

std::string axesToInput(const Rewriting &r) { return intsToInput<1>(r, "axes"); }
std::string splitToInput(const Rewriting &r) { return intsToInput<1>(r, "split"); }

std::string countSplit(const Rewriting &r) {
  if (r.node.input_size() < 2 || r.node.input(1).empty())
    setInt(r.node, "num_outputs", r.node.output_size());
  return "";
}

std::string clip(const Rewriting &r) {
  constexpr float most = std::numeric_limits<float>::max();
  const std::string base = r.node.output(0);
  r.setInput(1, r.graph.addFloats(base + "/min", {{}, {floatAttr(r.node, "min", -most)}}));
  r.setInput(2, r.graph.addFloats(base + "/max", {{}, {floatAttr(r.node, "max", most)}}));
  eraseAttr(r.node, "min");
  eraseAttr(r.node, "max");
  return "";
}

std::string pad(const Rewriting &r) {
  intsToInput<1>(r, "pads");
  float value = floatAttr(r.node, "value", 0);
  if (value != 0)
    r.setInput(2, r.graph.addFloats(r.node.output(0) + "/value", {{}, {value}}));
  eraseAttr(r.node, "value");
  return "";
}

std::string slice(const Rewriting &r) {
  intsToInput<1>(r, "starts");
  intsToInput<2>(r, "ends");
  return intsToInput<3>(r, "axes");
}

std::string topK(const Rewriting &r) {
  r.setInput(1, r.graph.addInts(r.node.output(0) + "/k", {intAttr(r.node, "k", 1)}));
  eraseAttr(r.node, "k");
  return "";
}

std::string dropRatio(const Rewriting &r) {
  eraseAttr(r.node, "ratio");
  return "";
}

std::string spatialNorm(const Rewriting &r) {
  if (intAttr(r.node, "spatial", 1) != 1)
    return "spatial = 0";
  eraseAttr(r.node, "spatial");
  return "";
}

std::string inferenceNorm(const Rewriting &r) {
  return r.node.output_size() > 1 ? "outputs of training" : "";
}

/// The axis used to split the dims into rows and columns, and became the one that is normalized.
std::string softmax(const Rewriting &r) {
  int64_t axis = intAttr(r.node, "axis", 1);
  int producer = r.graph.producer(r.node.input(0));
  bool isMatrix = producer >= 0 &&
                  (isOp(r.graph.node(producer), "Gemm") || isOp(r.graph.node(producer), "Flatten"));
  setInt(r.node, "axis", -1);
  if (axis == -1 || (axis == 1 && isMatrix))
    return "";
  const std::string input = r.node.input(0), output = r.node.output(0);
  std::string shape = r.graph.freshName(output + "/shape");
  std::string rows = r.graph.freshName(output + "/rows");
  std::string result = r.graph.freshName(output + "/normalized");
  r.before.push_back(makeNode("Shape", shape, {input}, shape));
  r.before.push_back(makeNode("Flatten", rows, {input}, rows));
  setInt(r.before.back(), "axis", axis);
  r.node.set_input(0, rows);
  r.node.set_output(0, result);
  r.after.push_back(
      makeNode("Reshape", r.graph.freshName(output + "/reshape"), {result, shape}, output));
  return "";
}

/// Scales by the nearest element below, or linearly from the corner, as all versions before 11.
std::string resize(const Rewriting &r) {
  if (r.node.input_size() < 2)
    return "scales that are an attribute";
  std::string scales = r.node.input(1);
  r.setInput(1, "");
  r.setInput(2, scales);
  setString(r.node, "coordinate_transformation_mode", "asymmetric");
  setString(r.node, "nearest_mode", "floor");
  return "";
}

std::string upsample(const Rewriting &r) {
  r.node.set_op_type("Resize");
  return resize(r);
}

std::string scatter(const Rewriting &r) {
  r.node.set_op_type("ScatterElements");
  return "";
}

std::string gridSample(const Rewriting &r) {
  std::string mode = stringAttr(r.node, "mode", "bilinear");
  setString(r.node, "mode", mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode);
  return "";
}

std::string refuse(const Rewriting &) { return "a meaning that changed"; }

struct Change {
  const char *op;
  int64_t version; ///< The version that brought the change.
  Rule rule;
};

constexpr Change kChanges[] = {
    {"Scan", 9, refuse},
    {"BatchNormalization", 9, spatialNorm},
    {"Slice", 10, slice},
    {"TopK", 10, topK},
    {"Upsample", 10, upsample},
    {"Clip", 11, clip},
    {"Pad", 11, pad},
    {"Resize", 11, resize},
    {"Scatter", 11, scatter},
    {"Dropout", 12, dropRatio},
    {"Hardmax", 13, softmax},
    {"LogSoftmax", 13, softmax},
    {"ReduceSum", 13, axesToInput},
    {"Softmax", 13, softmax},
    {"Split", 13, splitToInput},
    {"Squeeze", 13, axesToInput},
    {"Unsqueeze", 13, axesToInput},
    {"BatchNormalization", 14, inferenceNorm},
    {"ReduceL1", 18, axesToInput},
    {"ReduceL2", 18, axesToInput},
    {"ReduceLogSum", 18, axesToInput},
    {"ReduceLogSumExp", 18, axesToInput},
    {"ReduceMax", 18, axesToInput},
    {"ReduceMean", 18, axesToInput},
    {"ReduceMin", 18, axesToInput},
    {"ReduceProd", 18, axesToInput},
    {"ReduceSumSquare", 18, axesToInput},
    {"Split", 18, countSplit},
    {"GridSample", 20, gridSample},
    {"GroupNormalization", 21, refuse},
};

class Raising {
public:
  Raising(Graph &graph, int64_t version) : graph(graph), from(graph.opset()), to(version) {}

  void run() {
    raise(graph.proto());
    if (!obstacles.empty())
      throw Refusal("operators of version " + std::to_string(from) + " have to become ones of " +
                    std::to_string(to) + ", and this is not possible for" + obstacles +
                    "\n  raise the model with onnx.version_converter first");
    graph.setOpset(to);
    graph.reindex();
  }

private:
  void raise(proto::GraphProto &inner) {
    std::vector<proto::NodeProto> nodes;
    // New initializers go to the model's graph, which the index of names follows.
    for (int i = 0; i < inner.node_size(); ++i) {
      proto::NodeProto node = inner.node(i);
      for (proto::AttributeProto &attribute : *node.mutable_attribute()) {
        if (attribute.has_g())
          raise(*attribute.mutable_g());
        for (proto::GraphProto &body : *attribute.mutable_graphs())
          raise(body);
      }
      std::vector<proto::NodeProto> after;
      std::string op = node.op_type();
      for (const Change &change : kChanges)
        if (isOp(node, change.op) && from < change.version && change.version <= to &&
            node.output_size() > 0) {
          std::string reason = change.rule({graph, node, nodes, after});
          if (!reason.empty())
            obstacles += "\n  node '" + node.name() + "' (" + op + "): " + reason;
        }
      nodes.push_back(std::move(node));
      for (proto::NodeProto &one : after)
        nodes.push_back(std::move(one));
    }
    inner.clear_node();
    for (proto::NodeProto &node : nodes)
      inner.add_node()->Swap(&node);
  }

  Graph &graph;
  int64_t from, to;
  std::string obstacles;
};

} // namespace

void quantize::raiseOpset(Graph &graph, int64_t version) {
  if (graph.opset() < version)
    Raising(graph, version).run();
  // The first version of the file format that each of these versions came with.
  int64_t format = version >= 25 ? 13 : version >= 21 ? 10 : 7;
  graph.model.set_ir_version(std::max<int64_t>(graph.model.ir_version(), format));
}
