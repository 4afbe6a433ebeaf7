// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far two engines' values of one tensor are apart.
#ifndef PEBBLE_TOOLS_PEBBLE_DIFFERENCE_H
#define PEBBLE_TOOLS_PEBBLE_DIFFERENCE_H

#include "tools/pebble/Array.h"

#include <optional>

namespace pebble::cli {

/// What the codes of a tensor stand for: scale * (code - zeroPoint), with one entry, or with one
/// for each index along `axis`.
struct Quantization {
  std::vector<double> scales, zeroPoints; ///< Of one size; empty: not quantized.
  int64_t axis = 0;

  bool empty() const { return scales.empty(); }
  bool operator==(const Quantization &other) const {
    return scales == other.scales && zeroPoints == other.zeroPoints &&
           (scales.size() == 1 || axis == other.axis);
  }
};

/// A tensor's values and what they stand for.
struct Values {
  const Array &array;
  const Quantization &quantization;
};

struct DifferenceLimits {
  /// Numbers may be apart by absolute + relative * the largest |number| of the other's tensor: an
  /// error of rounding goes with the largest terms of a sum, not with what they leave.
  double relative = 1e-4;
  double absolute = 1e-7;
  double codes = 0; ///< Codes may be apart by so many.
};

struct Difference {
  bool isWithin = false;
  std::string problem; ///< Why the two cannot be compared, or "".
  int64_t elements = 0;
  int64_t differing = 0;
  double largest = 0;                 ///< Between the numbers; infinite where one is NaN.
  std::optional<double> largestCodes; ///< In steps of the quantization, where there is one.
  /// 10 log10(sum of other^2 / sum of differences^2): infinite for equal tensors.
  double signalToNoise = 0;
};

/// Codes of one quantization are compared as codes and other integers as they are; codes of two
/// quantizations, or codes and floats, by the numbers that they stand for.
Difference measureDifference(const Values &ours, const Values &other,
                             const DifferenceLimits &limits);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_DIFFERENCE_H
