// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which elements of a sliding window read the input and which hang over its edges.
#ifndef PEBBLE_PASSES_ANALYSIS_WINDOWTAPS_H
#define PEBBLE_PASSES_ANALYSIS_WINDOWTAPS_H

#include "passes/Passes.h"

#include "llvm/ADT/SmallBitVector.h"

namespace pebble {

struct WindowTaps {
  /// For each spatial dim, the different sets of taps that lie inside the input at some place.
  /// Dims are independent: every combination of their sets occurs.
  llvm::SmallVector<llvm::SmallVector<llvm::SmallBitVector, 3>, 2> dims;

  /// Whether a window hangs over an edge anywhere.
  bool hangsOver() const;

  /// Of a layer from [N, C, spatial...] to the same. Nothing where it depends on dims that are not
  /// known.
  static std::optional<WindowTaps>
  of(mlir::RankedTensorType input, mlir::RankedTensorType result, llvm::ArrayRef<int64_t> kernel,
     llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations,
     llvm::ArrayRef<int64_t> pads, nn::AutoPad autoPad, bool ceilMode);
};

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_WINDOWTAPS_H
