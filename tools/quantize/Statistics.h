// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is measured while models run on the calibration samples.
#ifndef PEBBLE_TOOLS_QUANTIZE_STATISTICS_H
#define PEBBLE_TOOLS_QUANTIZE_STATISTICS_H

#include "tools/quantize/Histogram.h"
#include "tools/quantize/Plan.h"
#include "tools/quantize/Program.h"

namespace pebble::quantize {

/// The mean of a layer's results, a channel.
class ChannelMeans {
public:
  void add(const FloatTensor &tensor, size_t axis);
  std::vector<double> means() const;

private:
  std::vector<double> sums;
  double count = 0; ///< Elements of one channel.
};

/// Signal-to-quantization-noise ratio of a tensor over all samples.
struct NoiseRatio {
  double signal = 0, noise = 0;

  void add(const FloatTensor &exact, const FloatTensor &approximate);
  double decibels() const;
};

/// Decibels that stand for no noise at all, and for noise without a signal.
constexpr double kMostDecibels = 200;

/// The dim of a layer's result that counts its channels.
size_t resultAxis(const Layer &layer, size_t rank);

/// Means are taken over as many samples from the first on: those of two models have to be over the
/// same samples, else what the samples differ by looks like an error of the quantized model.
constexpr size_t kMostMeanSamples = 128;

struct Statistics {
  std::vector<Histogram> histograms;         ///< By group.
  std::vector<std::vector<double>> sumMeans; ///< By layer; empty for those without weights.
};

/// Which tensors of the float model are looked at.
std::vector<std::string> watchedTensors(const Graph &graph, const Plan &plan);

/// Runs the float model, compiled to give out the watched tensors, on all samples.
Statistics measure(const Graph &graph, const Plan &plan, Program &program, size_t samples,
                   const Progress &progress);

/// In decibels: how well `approximate` computes tensors as `exact` does. The numbers are those of
/// the outputs of either program.
std::vector<double> measureNoise(Program &exact, const std::vector<size_t> &exactOutputs,
                                 Program &approximate, size_t samples, const Progress &progress);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_STATISTICS_H
