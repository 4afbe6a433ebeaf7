// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers of the qnn dialect as kernels on codes. Codes are in held form (CodeBuilders.h).
#ifndef PEBBLE_PASSES_FUSE_QUANTIZEDLAYERS_H
#define PEBBLE_PASSES_FUSE_QUANTIZEDLAYERS_H

#include "passes/analysis/CodeArithmetic.h"
#include "passes/fuse/CodeBuilders.h"

namespace pebble {

/// Gives the held codes of a quantized operand.
using HeldCodes = llvm::function_ref<mlir::Value(mlir::Value quantized)>;

/// The held codes of the op's result. Null when the op has no form in integers.
mlir::Value lowerQuantizedLayer(mlir::ImplicitLocOpBuilder &b, mlir::Operation *op, HeldCodes held);

// QuantizedContractions.cpp: convolutions and matrix products.
mlir::Value lowerConv(mlir::ImplicitLocOpBuilder &b, qnn::ConvOp op, mlir::Value input);
mlir::Value lowerMatMul(mlir::ImplicitLocOpBuilder &b, qnn::MatMulOp op, mlir::Value input);
mlir::Value lowerBatchMatMul(mlir::ImplicitLocOpBuilder &b, qnn::BatchMatMulOp op, mlir::Value lhs,
                             mlir::Value rhs);

/// A pool of u8 codes by maximum, channels last; null when it is none.
mlir::Value lowerMaxPool(mlir::ImplicitLocOpBuilder &b, nn::MaxPoolOp op);

/// The window of a two-dimensional layer: pads as they come out for its input, so that the last
/// window ends where they do. Nothing when that depends on dims that are not known.
struct ByteWindow {
  llvm::SmallVector<int64_t, 2> kernel, strides, dilations;
  llvm::SmallVector<int64_t, 4> pads; ///< [top, left, bottom, right]
};
std::optional<ByteWindow> makeByteWindow(mlir::RankedTensorType input,
                                         mlir::RankedTensorType result,
                                         llvm::ArrayRef<int64_t> kernel,
                                         llvm::ArrayRef<int64_t> strides,
                                         llvm::ArrayRef<int64_t> dilations,
                                         llvm::ArrayRef<int64_t> pads, nn::AutoPad autoPad);

/// From [N, C, H, W] to [N, H, W, C] and back.
mlir::Value toChannelsLast(mlir::ImplicitLocOpBuilder &b, mlir::Value image);
mlir::Value toChannelsFirst(mlir::ImplicitLocOpBuilder &b, mlir::Value image);
/// The type of a u8 image with the dims of an [N, C, H, W] one, channels last.
mlir::RankedTensorType bytesChannelsLast(mlir::RankedTensorType type);

/// The codes that the op may give, held.
CodeBounds heldBounds(mlir::Operation *op);
/// The zero point, held.
int64_t heldZeroPoint(const qnn::Quantization &q);

} // namespace pebble

#endif // PEBBLE_PASSES_FUSE_QUANTIZEDLAYERS_H
