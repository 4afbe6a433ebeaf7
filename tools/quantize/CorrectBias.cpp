// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/CorrectBias.h"

#include <algorithm>

using namespace pebble::quantize;

void pebble::quantize::correctBiases(const Graph &graph, const Plan &plan,
                                     const Statistics &statistics, Numbers &numbers,
                                     const Compile &compile, size_t samples,
                                     const Progress &progress) {
  std::vector<size_t> layers;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    if (!plan.layers[i].takesBias() || statistics.sumMeans[i].empty())
      continue;
    layers.push_back(i);
    if (numbers.biases[i].empty())
      numbers.biases[i].assign(numbers.weights[i].channels(), 0);
  }
  if (layers.empty())
    return;
  // With the biases as inputs, one compiled model serves for all steps.
  Emitted emitted = emit(graph, plan, numbers, /*biasesAreInputs=*/true);
  std::vector<std::string> sums;
  for (size_t i : layers)
    sums.push_back(emitted.sums[i]);
  // Layers whose bias is an input compute in float, between codes that are the integer ones.
  std::unique_ptr<Program> program = compile(emitted.graph, sums, true);
  std::map<std::string, FloatTensor> biases;
  for (size_t i = 0; i < plan.layers.size(); ++i)
    if (!emitted.biasInputs[i].empty())
      biases[emitted.biasInputs[i]] = {{static_cast<int64_t>(numbers.biases[i].size())},
                                       numbers.biases[i]};
  samples = std::min(samples, kMostMeanSamples);
  for (size_t step = 0; step < layers.size(); ++step) {
    size_t i = layers[step];
    ChannelMeans means;
    for (size_t sample = 0; sample < samples; ++sample) {
      program->run(sample, biases);
      FloatTensor sum = program->output(step);
      if (!sum.dims.empty())
        means.add(sum, resultAxis(plan.layers[i], sum.dims.size()));
    }
    std::vector<double> shifted = means.means();
    std::vector<float> &bias = biases[emitted.biasInputs[i]].values;
    for (size_t c = 0; c < bias.size() && c < shifted.size(); ++c)
      bias[c] += static_cast<float>(statistics.sumMeans[i][c] - shifted[c]);
    numbers.biases[i] = bias;
    progress("correcting biases", step + 1, layers.size());
  }
}
