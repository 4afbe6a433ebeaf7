// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Symmetric codes for the constants that a layer contracts with.
#ifndef PEBBLE_TOOLS_QUANTIZE_WEIGHTS_H
#define PEBBLE_TOOLS_QUANTIZE_WEIGHTS_H

#include "tools/quantize/Graph.h"

namespace pebble::quantize {

struct WeightOptions {
  int bits = 8;
  size_t axis = 0;          ///< Which dim counts the channels.
  bool perChannel = true;   ///< One scale a channel, else one for all.
  bool leastSquares = true; ///< Clip where that makes the squared error least.
  /// No channel's scale may be below its entry; empty for no bounds.
  std::vector<double> leastScales;
};

struct QuantizedWeight {
  std::vector<int64_t> dims;
  std::vector<int8_t> codes;
  std::vector<float> scales; ///< One, or one a channel.
  size_t axis = 0;
  int bits = 8;

  size_t channels() const { return static_cast<size_t>(dims[axis]); }
  size_t channelOf(size_t element) const;
  float scaleOf(size_t channel) const { return scales[scales.size() == 1 ? 0 : channel]; }
  FloatTensor dequantized() const;
};

QuantizedWeight quantizeWeight(const FloatTensor &weight, const WeightOptions &options);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_WEIGHTS_H
