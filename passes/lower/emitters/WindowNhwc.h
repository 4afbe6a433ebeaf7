// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops of channels-last layers that treat each channel by itself.
#ifndef PEBBLE_PASSES_LOWER_EMITTERS_WINDOWNHWC_H
#define PEBBLE_PASSES_LOWER_EMITTERS_WINDOWNHWC_H

#include "passes/lower/emitters/Tile.h"

namespace pebble {

/// Walks over output pixels and vectors of channels; what lies in the padding is skipped.
class WindowLoops {
public:
  WindowLoops(KernelEmitter &emitter, mlir::Operation *op, llvm::ArrayRef<int64_t> kernel,
              llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations,
              llvm::ArrayRef<int64_t> pads);

  /// The value at the start for the channels from `channel` on.
  using Start = llvm::function_ref<mlir::Value(mlir::Value channel, int64_t lanes)>;
  /// The next value, with the input vector at window position `tap` (KH * width + KW).
  using Step = llvm::function_ref<mlir::Value(mlir::Value value, mlir::Value input, mlir::Value tap,
                                              mlir::Value channel, int64_t lanes)>;
  /// The result, from the value and the number of window elements inside the input.
  using Finish = llvm::function_ref<mlir::Value(mlir::Value value, mlir::Value count)>;

  void run(Start start, Step step, Finish finish);

private:
  struct Range {
    mlir::Value begin, end, origin; // Window positions inside, and where position 0 lies.
  };
  Range range(mlir::Value position, int dim);
  bool reachesBeyond(int dim) const;
  void emitPixels(mlir::Value n, mlir::Value row, mlir::Value channel, int64_t lanes, Start start,
                  Step step, Finish finish);

  KernelEmitter &emitter;
  mlir::ImplicitLocOpBuilder &b;
  EpilogueStore epilogue;
  const KernelTensor *input;
  llvm::SmallVector<int64_t, 4> kernel, strides, dilations, pads;
  llvm::ArrayRef<mlir::OpFoldResult> inputDims, resultDims;
};

} // namespace pebble

#endif // PEBBLE_PASSES_LOWER_EMITTERS_WINDOWNHWC_H
