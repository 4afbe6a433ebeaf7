// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a distribution to the range of numbers that codes stand for, and to scale and zero point.
#ifndef PEBBLE_TOOLS_QUANTIZE_RANGES_H
#define PEBBLE_TOOLS_QUANTIZE_RANGES_H

#include "tools/quantize/Histogram.h"

#include <string>

namespace pebble::quantize {

enum class Method { MinMax, Percentile, Mse, Kl };

struct RangeOptions {
  Method method = Method::Mse;
  double percentile = 99.99; ///< The share of the values, in percent, that Percentile keeps.
};

/// Codes 0 to 2^bits - 1 of one scale.
struct Code {
  int bits = 8;
  float scale = 1;
  int zeroPoint = 0;

  int most() const { return (1 << bits) - 1; }
  double low() const { return double(scale) * -zeroPoint; }
  double high() const { return double(scale) * (most() - zeroPoint); }
};

/// The codes for a range, which is widened to contain zero: padding and Relu need an exact one.
Code codeFor(double low, double high, int bits);
Code chooseCode(const Histogram &histogram, int bits, const RangeOptions &options);

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_RANGES_H
