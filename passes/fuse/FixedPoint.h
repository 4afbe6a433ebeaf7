// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers as TFLite's reference kernels round them: a real factor is an integer of 31 bits and a
// shift, and a product is rounded twice.
#ifndef PEBBLE_PASSES_FUSE_FIXEDPOINT_H
#define PEBBLE_PASSES_FUSE_FIXEDPOINT_H

#include "passes/fuse/QuantizedLayers.h"

namespace pebble {

/// numbers * factor, rounded, in i64: one factor for all, or one for each index of `axis`.
mlir::Value buildFixedProduct(mlir::ImplicitLocOpBuilder &b, mlir::Value numbers,
                              llvm::ArrayRef<double> factors, std::optional<int64_t> axis);

/// Held codes for i64 numbers that count steps from the zero point of `q`.
mlir::Value buildFixedCodes(mlir::ImplicitLocOpBuilder &b, mlir::Value steps,
                            const qnn::Quantization &q, CodeBounds bounds);

mlir::Value lowerFixedAdd(mlir::ImplicitLocOpBuilder &b, qnn::AddOp op, HeldCodes held);
mlir::Value lowerFixedMul(mlir::ImplicitLocOpBuilder &b, qnn::MulOp op, HeldCodes held);

} // namespace pebble

#endif // PEBBLE_PASSES_FUSE_FIXEDPOINT_H
