// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Equalize.h"

#include <algorithm>
#include <cmath>

using namespace pebble;
using namespace pebble::quantize;

namespace {

struct Weights {
  FloatTensor weight;
  std::vector<float> bias;
};

/// Where a pair of layers meets: the weights of the first by output channel, of the second by
/// input channel.
class Pair {
public:
  Pair(const Graph &graph, const Plan &plan, size_t first, size_t second, std::vector<Weights> &all)
      : a(plan.layers[first]), b(plan.layers[second]), from(all[first]), to(all[second]),
        group(b.op == "Conv" ? static_cast<size_t>(intAttr(graph.node(b.node), "group", 1)) : 1),
        channels(static_cast<size_t>(from.weight.dims[a.channelAxis])) {}

  bool fits() const {
    size_t outputs = static_cast<size_t>(to.weight.dims[b.channelAxis]);
    size_t inputs = b.op == "Conv" ? static_cast<size_t>(to.weight.dims[1]) * group
                                   : static_cast<size_t>(to.weight.dims[1 - b.channelAxis]);
    return group > 0 && inputs == channels && outputs % group == 0;
  }

  /// Scales the channels so that both sides have the same range; the largest change that was made.
  double equalize() {
    std::vector<double> first(channels, 0), second(channels, 0);
    for (size_t i = 0; i < from.weight.values.size(); ++i)
      first[outputChannel(i)] =
          std::max<double>(first[outputChannel(i)], std::abs(from.weight.values[i]));
    // A channel that is hardly more than its bias must not blow up with small weights.
    for (size_t c = 0; c < from.bias.size(); ++c)
      first[c] = std::max<double>(first[c], std::abs(from.bias[c]));
    for (size_t i = 0; i < to.weight.values.size(); ++i)
      second[inputChannel(i)] =
          std::max<double>(second[inputChannel(i)], std::abs(to.weight.values[i]));
    std::vector<double> factor(channels, 1);
    double change = 1;
    for (size_t c = 0; c < channels; ++c)
      if (first[c] > 0 && second[c] > 0) {
        factor[c] = std::sqrt(second[c] / first[c]);
        change = std::max(change, std::max(factor[c], 1 / factor[c]));
      }
    for (size_t i = 0; i < from.weight.values.size(); ++i)
      from.weight.values[i] = float(from.weight.values[i] * factor[outputChannel(i)]);
    for (size_t c = 0; c < from.bias.size(); ++c)
      from.bias[c] = float(from.bias[c] * factor[c]);
    for (size_t i = 0; i < to.weight.values.size(); ++i)
      to.weight.values[i] = float(to.weight.values[i] / factor[inputChannel(i)]);
    return change;
  }

private:
  static size_t along(const FloatTensor &tensor, size_t element, size_t axis) {
    size_t inner = 1;
    for (size_t i = axis + 1; i < tensor.dims.size(); ++i)
      inner *= static_cast<size_t>(tensor.dims[i]);
    return element / inner % static_cast<size_t>(tensor.dims[axis]);
  }
  size_t outputChannel(size_t element) const { return along(from.weight, element, a.channelAxis); }
  size_t inputChannel(size_t element) const {
    if (b.op != "Conv")
      return along(to.weight, element, 1 - b.channelAxis);
    auto perGroup = static_cast<size_t>(to.weight.dims[1]);
    size_t output = along(to.weight, element, 0);
    size_t outputs = static_cast<size_t>(to.weight.dims[0]) / group;
    return output / outputs * perGroup + along(to.weight, element, 1);
  }

  const Layer &a, &b;
  Weights &from, &to;
  size_t group, channels;
};

/// Whether only Relu is fused into the layer: of the activations, it alone scales with its operand.
bool scalesThrough(const Graph &graph, const Layer &layer) {
  if (layer.output == layer.sum)
    return true;
  int node = graph.producer(layer.output);
  return isOp(graph.node(node), "Relu") && graph.node(node).input(0) == layer.sum;
}

} // namespace

int quantize::equalizeLayers(Graph &graph, const Plan &plan) {
  std::map<std::string, size_t> readerOf;
  std::vector<Weights> all(plan.layers.size());
  std::vector<bool> isFree(plan.layers.size(), false);
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const Layer &layer = plan.layers[i];
    if (!layer.hasWeight())
      continue;
    all[i].weight = *graph.floats(layer.weight);
    bool hasOwnBias = layer.bias.empty() || graph.isReadOnce(layer.bias);
    isFree[i] = graph.isReadOnce(layer.weight) && hasOwnBias;
    if (!layer.bias.empty())
      all[i].bias = graph.floats(layer.bias)->values;
    // A bias of one element for all channels takes one factor only.
    isFree[i] = isFree[i] &&
                (all[i].bias.empty() ||
                 all[i].bias.size() == static_cast<size_t>(all[i].weight.dims[layer.channelAxis]));
    if (graph.isReadOnce(layer.operands[0]))
      readerOf[layer.operands[0]] = i;
  }
  std::vector<Pair> pairs;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    auto reader = readerOf.find(plan.layers[i].output);
    if (!isFree[i] || reader == readerOf.end() || !isFree[reader->second] ||
        !scalesThrough(graph, plan.layers[i]))
      continue;
    Pair pair(graph, plan, i, reader->second, all);
    if (pair.fits())
      pairs.push_back(pair);
  }
  // A layer is in two pairs, so that one pass does not settle a chain.
  constexpr int kPasses = 20;
  constexpr double kSettled = 1.01;
  for (int pass = 0; pass < kPasses; ++pass) {
    double change = 1;
    for (Pair &pair : pairs)
      change = std::max(change, pair.equalize());
    if (change < kSettled)
      break;
  }
  if (pairs.empty())
    return 0;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    if (!isFree[i])
      continue;
    const Layer &layer = plan.layers[i];
    graph.node(layer.node)
        .set_input(1, graph.addFloats(layer.weight + "/equalized", all[i].weight));
    proto::NodeProto &node = graph.node(layer.biasNode >= 0 ? layer.biasNode : layer.node);
    if (layer.bias.empty())
      continue;
    std::string bias = graph.addFloats(layer.bias + "/equalized",
                                       {{static_cast<int64_t>(all[i].bias.size())}, all[i].bias});
    for (int k = 0; k < node.input_size(); ++k)
      if (node.input(k) == layer.bias)
        node.set_input(k, bias);
  }
  graph.reindex();
  return static_cast<int>(pairs.size());
}
