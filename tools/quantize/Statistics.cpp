// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Statistics.h"

#include <algorithm>
#include <cmath>

using namespace pebble::quantize;

void ChannelMeans::add(const FloatTensor &tensor, size_t axis) {
  auto channels = static_cast<size_t>(tensor.dims[axis]);
  size_t inner = 1;
  for (size_t i = axis + 1; i < tensor.dims.size(); ++i)
    inner *= static_cast<size_t>(tensor.dims[i]);
  sums.resize(channels, 0);
  for (size_t i = 0; i < tensor.values.size(); ++i)
    sums[i / inner % channels] += tensor.values[i];
  if (channels > 0)
    count += static_cast<double>(tensor.values.size() / channels);
}

std::vector<double> ChannelMeans::means() const {
  std::vector<double> result;
  for (double sum : sums)
    result.push_back(count > 0 ? sum / count : 0);
  return result;
}

void NoiseRatio::add(const FloatTensor &exact, const FloatTensor &approximate) {
  size_t count = std::min(exact.values.size(), approximate.values.size());
  for (size_t i = 0; i < count; ++i) {
    double value = exact.values[i], difference = value - approximate.values[i];
    signal += value * value;
    noise += difference * difference;
  }
}

double NoiseRatio::decibels() const {
  if (noise == 0)
    return kMostDecibels;
  if (signal == 0)
    return -kMostDecibels;
  return std::clamp(10 * std::log10(signal / noise), -kMostDecibels, kMostDecibels);
}

size_t pebble::quantize::resultAxis(const Layer &layer, size_t rank) {
  return layer.op == "Conv" ? 1 : rank - 1;
}

namespace {

/// What an output of the float program is looked at for.
struct Watch {
  std::string tensor;
  int group = -1; ///< Whose values it adds to.
  int layer = -1; ///< Whose sum it is.
};

std::vector<Watch> watches(const Graph &graph, const Plan &plan) {
  std::vector<Watch> result;
  for (size_t g = 0; g < plan.groups.size(); ++g)
    for (const std::string &tensor : plan.groups[g].sources)
      if (!graph.isConstant(tensor))
        result.push_back({tensor, static_cast<int>(g), -1});
  for (size_t l = 0; l < plan.layers.size(); ++l)
    if (plan.layers[l].takesBias())
      result.push_back({plan.layers[l].sum, -1, static_cast<int>(l)});
  // These are compared with the quantized model's.
  for (const Layer &layer : plan.layers)
    result.push_back({layer.output, -1, -1});
  for (const auto &output : graph.proto().output())
    result.push_back({output.name(), -1, -1});
  return result;
}

} // namespace

std::vector<std::string> pebble::quantize::watchedTensors(const Graph &graph, const Plan &plan) {
  std::vector<std::string> names;
  for (const Watch &watch : watches(graph, plan))
    names.push_back(watch.tensor);
  return names;
}

Statistics pebble::quantize::measure(const Graph &graph, const Plan &plan, Program &program,
                                     size_t samples, const Progress &progress) {
  Statistics result;
  result.histograms.resize(plan.groups.size());
  result.sumMeans.resize(plan.layers.size());
  for (size_t g = 0; g < plan.groups.size(); ++g)
    for (const std::string &tensor : plan.groups[g].sources)
      if (std::optional<FloatTensor> constant = graph.floats(tensor))
        if (!result.histograms[g].add(constant->values.data(), constant->values.size()))
          throw Refusal("the constant '" + tensor + "' holds infinities or NaN");
  std::vector<Watch> wanted = watches(graph, plan);
  std::vector<ChannelMeans> means(plan.layers.size());
  for (size_t sample = 0; sample < samples; ++sample) {
    program.run(sample, {});
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].group < 0 && wanted[i].layer < 0)
        continue;
      FloatTensor value = program.output(i);
      if (wanted[i].layer >= 0 && sample < kMostMeanSamples && !value.dims.empty())
        means[wanted[i].layer].add(value,
                                   resultAxis(plan.layers[wanted[i].layer], value.dims.size()));
      if (wanted[i].group >= 0 &&
          !result.histograms[wanted[i].group].add(value.values.data(), value.values.size()))
        throw Refusal("calibration sample " + std::to_string(sample) +
                      " makes infinities or NaN in tensor '" + wanted[i].tensor + "'");
    }
    progress("measuring activations", sample + 1, samples);
  }
  for (size_t l = 0; l < plan.layers.size(); ++l)
    result.sumMeans[l] = means[l].means();
  return result;
}

std::vector<double> pebble::quantize::measureNoise(Program &exact,
                                                   const std::vector<size_t> &exactOutputs,
                                                   Program &approximate, size_t samples,
                                                   const Progress &progress) {
  std::vector<NoiseRatio> ratios(exactOutputs.size());
  for (size_t sample = 0; sample < samples; ++sample) {
    exact.run(sample, {});
    approximate.run(sample, {});
    for (size_t i = 0; i < ratios.size(); ++i)
      ratios[i].add(exact.output(exactOutputs[i]), approximate.output(i));
    progress("comparing with float", sample + 1, samples);
  }
  std::vector<double> result;
  for (const NoiseRatio &ratio : ratios)
    result.push_back(ratio.decibels());
  return result;
}
