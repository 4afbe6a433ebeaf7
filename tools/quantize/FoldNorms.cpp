// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/FoldNorms.h"

#include <cmath>

using namespace pebble;
using namespace pebble::quantize;

namespace {

/// x * factor + term, a channel.
struct Affine {
  std::vector<double> factor, term;
};

std::optional<Affine> normAffine(const Graph &graph, const proto::NodeProto &norm) {
  if (norm.input_size() < 5 || norm.output_size() != 1 || intAttr(norm, "training_mode", 0) != 0)
    return std::nullopt;
  std::vector<float> parameters[4];
  for (int i = 0; i < 4; ++i) {
    std::optional<FloatTensor> value = graph.floats(norm.input(i + 1));
    if (!value)
      return std::nullopt;
    parameters[i] = value->values;
    if (parameters[i].size() != parameters[0].size())
      return std::nullopt;
  }
  double epsilon = floatAttr(norm, "epsilon", 1e-5f);
  Affine affine;
  for (size_t c = 0; c < parameters[0].size(); ++c) {
    double factor = parameters[0][c] / std::sqrt(double(parameters[3][c]) + epsilon);
    if (!std::isfinite(factor))
      return std::nullopt;
    affine.factor.push_back(factor);
    affine.term.push_back(parameters[1][c] - parameters[2][c] * factor);
  }
  return affine;
}

/// The axis of a layer's weights that counts its output channels.
size_t channelAxis(const proto::NodeProto &layer) {
  return isOp(layer, "Gemm") && intAttr(layer, "transB", 0) == 0 ? 1 : 0;
}

/// Applies the affine map to what a Conv or Gemm computes.
bool apply(Graph &graph, proto::NodeProto &layer, const Affine &affine) {
  std::optional<FloatTensor> weight = graph.floats(layer.input(1));
  bool hasBias = layer.input_size() > 2 && !layer.input(2).empty();
  std::optional<FloatTensor> bias = hasBias ? graph.floats(layer.input(2)) : std::nullopt;
  size_t channels = affine.factor.size(), axis = channelAxis(layer);
  if (!weight || weight->dims.size() <= axis ||
      weight->dims[axis] != static_cast<int64_t>(channels) || (hasBias && !bias) ||
      (bias && bias->values.size() != channels && bias->values.size() != 1))
    return false;
  size_t inner = 1;
  for (size_t i = axis + 1; i < weight->dims.size(); ++i)
    inner *= static_cast<size_t>(weight->dims[i]);
  for (size_t i = 0; i < weight->values.size(); ++i)
    weight->values[i] = static_cast<float>(weight->values[i] * affine.factor[i / inner % channels]);
  FloatTensor moved = {{static_cast<int64_t>(channels)}, {}};
  for (size_t c = 0; c < channels; ++c) {
    double before = bias ? bias->values[bias->values.size() == 1 ? 0 : c] : 0;
    moved.values.push_back(static_cast<float>(before * affine.factor[c] + affine.term[c]));
  }
  layer.set_input(1, graph.addFloats(layer.input(1) + "/folded", *weight));
  std::string name =
      graph.addFloats((hasBias ? layer.input(2) : layer.output(0) + "/bias") + "/folded", moved);
  if (layer.input_size() > 2)
    layer.set_input(2, name);
  else
    layer.add_input(name);
  return true;
}

void foldGemmFactors(Graph &graph, proto::NodeProto &gemm) {
  float alpha = floatAttr(gemm, "alpha", 1), beta = floatAttr(gemm, "beta", 1);
  for (auto [index, factor, name] : {std::tuple{1, alpha, "alpha"}, {2, beta, "beta"}}) {
    bool isPresent = gemm.input_size() > index && !gemm.input(index).empty();
    std::optional<FloatTensor> value = isPresent ? graph.floats(gemm.input(index)) : std::nullopt;
    if (isPresent && !value && factor != 1)
      continue;
    if (value && factor != 1) {
      for (float &one : value->values)
        one *= factor;
      gemm.set_input(index, graph.addFloats(gemm.input(index) + "/scaled", *value));
    }
    eraseAttr(gemm, name);
  }
}

} // namespace

int quantize::foldNorms(Graph &graph) {
  int count = 0;
  std::vector<proto::NodeProto> nodes(graph.proto().node().begin(), graph.proto().node().end());
  std::vector<bool> isGone(nodes.size(), false);
  for (size_t i = 0; i < nodes.size(); ++i) {
    if (!isOp(nodes[i], "BatchNormalization"))
      continue;
    int before = graph.producer(nodes[i].input(0));
    if (before < 0 || isGone[before] || !graph.isReadOnce(nodes[i].input(0)))
      continue;
    proto::NodeProto &layer = nodes[before];
    if (!isOp(layer, "Conv") && !isOp(layer, "Gemm"))
      continue;
    std::optional<Affine> affine = normAffine(graph, nodes[i]);
    if (!affine || !apply(graph, layer, *affine))
      continue;
    // The layer takes the name of what it now computes.
    layer.set_output(0, nodes[i].output(0));
    isGone[i] = true;
    ++count;
  }
  std::vector<proto::NodeProto> kept;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (!isGone[i])
      kept.push_back(std::move(nodes[i]));
  graph.replaceNodes(std::move(kept));
  return count;
}

void quantize::plainLayers(Graph &graph) {
  std::vector<proto::NodeProto> nodes;
  for (int i = 0; i < graph.proto().node_size(); ++i) {
    proto::NodeProto node = graph.node(i);
    if (isOp(node, "Gemm"))
      foldGemmFactors(graph, node);
    bool drops = isOp(node, "ReduceMean") && intAttr(node, "keepdims", 1) == 0;
    std::optional<std::vector<int64_t>> axes = intsAttr(node, "axes");
    if (!axes && node.input_size() > 1)
      axes = graph.ints(node.input(1));
    if (!drops || !axes || axes->empty()) {
      nodes.push_back(std::move(node));
      continue;
    }
    const std::string output = node.output(0), kept = graph.freshName(output + "/kept");
    setInt(node, "keepdims", 1);
    node.set_output(0, kept);
    nodes.push_back(std::move(node));
    std::string name = graph.freshName(output + "/squeeze");
    nodes.push_back(
        makeNode("Squeeze", name, {kept, graph.addInts(name + "/axes", *axes)}, output));
  }
  graph.replaceNodes(std::move(nodes));
}
