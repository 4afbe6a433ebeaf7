// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compares a result with what is expected, element by element.
#ifndef PEBBLE_TOOLS_PEBBLE_COMPARE_H
#define PEBBLE_TOOLS_PEBBLE_COMPARE_H

#include "tools/pebble/Array.h"

namespace pebble::cli {

/// An element matches when |actual - expected| <= absolute + relative * |expected|. NaN equals NaN.
/// Integers and bools have to be equal.
struct Tolerance {
  double relative = 1e-3;
  double absolute = 1e-7;
};

struct Comparison {
  bool equal = true;
  std::string text; ///< One line: the verdict and the worst element.
};

Comparison compare(const Array &actual, const Array &expected, const Tolerance &tolerance);

} // namespace pebble::cli

#endif // PEBBLE_TOOLS_PEBBLE_COMPARE_H
