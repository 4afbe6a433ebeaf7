// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Weights.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace pebble::quantize;

namespace {

double squaredError(const std::vector<float> &values, double scale, double most) {
  double error = 0, inverse = 1 / scale;
  for (float value : values) {
    double step = std::clamp(std::nearbyint(value * inverse), -most, most);
    double difference = value - step * scale;
    error += difference * difference;
  }
  return error;
}

double chooseScale(const std::vector<float> &values, double most, bool leastSquares) {
  double magnitude = 0;
  for (float value : values)
    magnitude = std::max<double>(magnitude, std::abs(value));
  double scale = magnitude / most;
  if (!leastSquares || scale == 0)
    return scale;
  constexpr int kSteps = 100;
  constexpr double kSmallestFraction = 0.3;
  double best = squaredError(values, scale, most), chosen = scale;
  for (int step = 1; step < kSteps; ++step) {
    double tried = scale * (1 - (1 - kSmallestFraction) * step / kSteps);
    double error = squaredError(values, tried, most);
    if (error < best) {
      best = error;
      chosen = tried;
    }
  }
  return chosen;
}

} // namespace

size_t QuantizedWeight::channelOf(size_t element) const {
  size_t inner = 1;
  for (size_t i = axis + 1; i < dims.size(); ++i)
    inner *= static_cast<size_t>(dims[i]);
  return element / inner % channels();
}

FloatTensor QuantizedWeight::dequantized() const {
  FloatTensor result = {dims, {}};
  result.values.reserve(codes.size());
  for (size_t i = 0; i < codes.size(); ++i)
    result.values.push_back(static_cast<float>(codes[i]) * scaleOf(channelOf(i)));
  return result;
}

QuantizedWeight pebble::quantize::quantizeWeight(const FloatTensor &weight,
                                                 const WeightOptions &options) {
  QuantizedWeight result;
  result.dims = weight.dims;
  result.axis = options.axis;
  result.bits = options.bits;
  size_t groups = options.perChannel ? result.channels() : 1;
  std::vector<std::vector<float>> values(groups);
  for (size_t i = 0; i < weight.values.size(); ++i)
    values[groups == 1 ? 0 : result.channelOf(i)].push_back(weight.values[i]);

  double most = (1 << (options.bits - 1)) - 1, largest = 0;
  std::vector<double> scales;
  for (const std::vector<float> &one : values) {
    scales.push_back(chooseScale(one, most, options.leastSquares));
    largest = std::max(largest, scales.back());
  }
  for (size_t group = 0; group < groups; ++group) {
    double scale = scales[group];
    // A channel of zeros takes any scale, best one that its bias is exact in.
    if (scale == 0)
      scale = largest > 0 ? largest : 1;
    for (size_t channel = 0; channel < options.leastScales.size(); ++channel)
      if (groups == 1 || channel == group)
        scale = std::max(scale, options.leastScales[channel]);
    scale = std::max<double>(scale, std::numeric_limits<float>::min());
    result.scales.push_back(static_cast<float>(scale));
  }
  for (size_t i = 0; i < weight.values.size(); ++i) {
    double step = std::nearbyint(weight.values[i] / result.scaleOf(result.channelOf(i)));
    result.codes.push_back(static_cast<int8_t>(std::clamp(step, -most, most)));
  }
  return result;
}
