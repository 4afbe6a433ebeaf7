// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The window of a convolution or pool whose number of places follows from its input's size by one
// formula.
#ifndef PEBBLE_PASSES_ANALYSIS_WINDOWSPEC_H
#define PEBBLE_PASSES_ANALYSIS_WINDOWSPEC_H

#include "passes/Passes.h"

namespace pebble {

struct WindowSpec {
  struct Dim {
    int64_t span = 1; ///< Input elements from a window's first to its last, both included.
    int64_t stride = 1;
    int64_t pads = 0; ///< Before and after the input together.
  };
  int64_t firstSpatial = 2; ///< 1 channels last, 2 channels first.
  llvm::SmallVector<Dim, 2> dims;

  /// The window of `op`: (size + pads - span) floordiv stride + 1 places a dim. Nothing for other
  /// layers, and where padding follows from the size or the last window may be cut.
  static std::optional<WindowSpec> of(mlir::Operation *op);
};

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_WINDOWSPEC_H
