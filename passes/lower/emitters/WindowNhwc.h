// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loops of channels-last layers that treat each channel by itself.
#ifndef PEBBLE_PASSES_LOWER_EMITTERS_WINDOWNHWC_H
#define PEBBLE_PASSES_LOWER_EMITTERS_WINDOWNHWC_H

#include "passes/lower/emitters/Tile.h"

namespace pebble {

/// A window along one side of an image.
struct WindowSide {
  int64_t kernel, stride, dilation, padBefore, padAfter;
  mlir::OpFoldResult extent, places; // Of the image and of the result.

  bool isPadded() const { return padBefore > 0 || padAfter > 0; }

  struct Taps {
    mlir::Value begin, end, origin; // Taps inside the image, and where tap 0 lies.
  };
  /// The taps k with 0 <= position * stride - padBefore + k * dilation < extent.
  Taps tapsAt(mlir::ImplicitLocOpBuilder &builder, mlir::Value position) const;
  /// The same for one tap of an image of known size.
  bool isInside(int64_t position, int64_t tap) const;

private:
  bool reachesBeyond() const;
};

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
  WindowSide::Taps tapsAt(mlir::Value position, int dim);
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
