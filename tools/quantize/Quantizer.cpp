// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Quantizer.h"

#include "tools/quantize/CorrectBias.h"
#include "tools/quantize/Equalize.h"
#include "tools/quantize/FoldNorms.h"
#include "tools/quantize/Opset.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace pebble;
using namespace pebble::quantize;

namespace {

void refuseQuantized(const Graph &graph) {
  for (const proto::NodeProto &node : graph.proto().node())
    for (const char *op : {"QuantizeLinear", "DequantizeLinear", "QLinearConv", "QLinearMatMul"})
      if (node.op_type() == op)
        throw Refusal("the model is quantized already: node '" + node.name() + "' is a " + op +
                      "; expected a float model");
}

/// Chooses the codes of every group, and of the layers that read it with fewer bits.
void chooseCodes(const Plan &plan, const Statistics &statistics, const RangeOptions &options,
                 Numbers &numbers) {
  auto choose = [&](int group, int bits) {
    if (numbers.codes.count({group, bits}))
      return;
    Code code = chooseCode(statistics.histograms[group], bits, options);
    // Probabilities fill the range from 0 to 1, whatever the samples were.
    if (plan.groups[group].isProbability)
      code = codeFor(0, double(code.most()) / (code.most() + 1), bits);
    numbers.codes[{group, bits}] = code;
  };
  for (size_t group = 0; group < plan.groups.size(); ++group)
    choose(static_cast<int>(group), plan.groups[group].bits);
  for (const Layer &layer : plan.layers)
    for (const std::string &operand : layer.operands) {
      int group = plan.groupOf.at(operand);
      choose(group, std::min(layer.bits.activations, plan.groups[group].bits));
    }
}

const Code &operandCode(const Plan &plan, const Numbers &numbers, const Layer &layer) {
  int group = plan.groupOf.at(layer.operands[0]);
  return numbers.codeOf(group, std::min(layer.bits.activations, plan.groups[group].bits));
}

std::vector<float> biasOf(const Graph &graph, const Layer &layer, size_t channels) {
  if (layer.bias.empty())
    return {};
  std::vector<float> bias = graph.floats(layer.bias)->values;
  return bias.size() == 1 ? std::vector<float>(channels, bias[0]) : bias;
}

/// Scales below which a channel's bias would leave the 32 bits of the sum it starts, with room for
/// its correction.
std::vector<double> leastScales(const std::vector<float> &bias, double inputScale, size_t depth) {
  constexpr double kProduct = 255.0 * 128;
  double most = std::numeric_limits<int32_t>::max() - static_cast<double>(depth) * kProduct;
  std::vector<double> result;
  for (float one : bias)
    result.push_back(std::abs(one) / (inputScale * std::max(most / 2, 1.0)));
  return result;
}

void quantizeWeights(const Graph &graph, const Plan &plan, const QuantizeOptions &options,
                     Numbers &numbers) {
  numbers.weights.resize(plan.layers.size());
  numbers.biases.resize(plan.layers.size());
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const Layer &layer = plan.layers[i];
    if (!layer.hasWeight())
      continue;
    FloatTensor weight = *graph.floats(layer.weight);
    for (float value : weight.values)
      if (!std::isfinite(value))
        throw Refusal("the weights of layer '" + layer.name + "' hold infinities or NaN");
    auto channels = static_cast<size_t>(weight.dims[layer.channelAxis]);
    numbers.biases[i] = biasOf(graph, layer, channels);
    for (float value : numbers.biases[i])
      if (!std::isfinite(value))
        throw Refusal("the bias of layer '" + layer.name + "' holds infinities or NaN");
    WeightOptions how;
    how.bits = layer.bits.weights;
    how.axis = layer.channelAxis;
    how.perChannel = options.perChannel;
    how.leastSquares = options.ranges.method != Method::MinMax;
    how.leastScales = leastScales(numbers.biases[i], operandCode(plan, numbers, layer).scale,
                                  weight.values.size() / channels);
    numbers.weights[i] = quantizeWeight(weight, how);
  }
}

double weightNoise(const Graph &graph, const Layer &layer, const QuantizedWeight &weight) {
  NoiseRatio ratio;
  ratio.add(*graph.floats(layer.weight), weight.dequantized());
  return ratio.decibels();
}

} // namespace

Prepared quantize::prepare(const onnx::Model &model, const Policy &policy, bool equalize) {
  Prepared result = {Graph(model), {}};
  Graph &graph = result.graph;
  Plan &plan = result.plan;
  refuseQuantized(graph);
  raiseOpset(graph, 13);
  plainLayers(graph);
  foldNorms(graph);
  plan = makePlan(graph, policy);
  // The bits decide which types are needed; newer operators may be other nodes.
  raiseOpset(graph, opsetFor(plan));
  plan = makePlan(graph, policy);
  if (equalize)
    result.equalizedPairs = equalizeLayers(graph, plan);
  if (result.equalizedPairs > 0)
    plan = makePlan(graph, policy);
  graph.sweep();
  return result;
}

QuantizeResult quantize::quantizeModel(const Graph &graph, const Plan &plan, Program &program,
                                       const QuantizeOptions &options, size_t samples,
                                       const Compile &compile, const Progress &progress) {
  Statistics statistics = measure(graph, plan, program, samples, progress);
  Numbers numbers;
  chooseCodes(plan, statistics, options.ranges, numbers);
  quantizeWeights(graph, plan, options, numbers);
  if (options.correctBias)
    correctBiases(graph, plan, statistics, numbers, compile, samples, progress);
  Emitted emitted = emit(graph, plan, numbers, /*biasesAreInputs=*/false);

  // What is compared is watched last.
  std::vector<std::string> watched = watchedTensors(graph, plan);
  size_t first = watched.size() - plan.layers.size() - graph.proto().output_size();
  std::vector<std::string> tensors(watched.begin() + static_cast<ptrdiff_t>(first), watched.end());
  std::vector<size_t> places;
  for (size_t i = first; i < watched.size(); ++i)
    places.push_back(i);
  std::unique_ptr<Program> quantized = compile(emitted.graph, tensors, true);
  std::vector<double> noise = measureNoise(program, places, *quantized, samples, progress);

  QuantizeResult result;
  result.samples = samples;
  result.floats = plan.floats;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const Layer &layer = plan.layers[i];
    LayerResult one;
    one.name = layer.name;
    one.op = layer.op;
    one.bits = layer.bits;
    one.hasWeight = layer.hasWeight();
    one.noise = noise[i];
    if (one.hasWeight)
      one.weightNoise = weightNoise(graph, layer, numbers.weights[i]);
    int group = plan.groupOf.at(layer.output);
    one.code = numbers.codeOf(group, plan.groups[group].bits);
    result.layers.push_back(one);
  }
  for (size_t i = plan.layers.size(); i < tensors.size(); ++i)
    result.outputs.emplace_back(tensors[i], noise[i]);
  result.model = std::move(emitted.graph.model);
  return result;
}
