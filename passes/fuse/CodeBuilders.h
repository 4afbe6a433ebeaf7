// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on codes as nn ops, and constants for kernels on codes.
#ifndef PEBBLE_PASSES_FUSE_CODEBUILDERS_H
#define PEBBLE_PASSES_FUSE_CODEBUILDERS_H

#include "dialects/qnn/QNN.h"
#include "dialects/qnn/Quantization.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace pebble {

/// A constant of `shape` with the given elements.
template <typename T>
mlir::Value buildConstant(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<int64_t> shape,
                          mlir::Type element, llvm::ArrayRef<T> values);

mlir::Value buildScalar(mlir::ImplicitLocOpBuilder &b, double value, mlir::Type element);
mlir::Value buildCast(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::Type element);

/// Codes in u8 with 128 added or taken away: from signed to unsigned storage and back.
mlir::Value flipToUnsigned(mlir::ImplicitLocOpBuilder &b, mlir::Value codes);
mlir::Value flipToSigned(mlir::ImplicitLocOpBuilder &b, mlir::Value codes);

/// Codes of `q` as lower-quantized holds them: u8, signed ones with 128 added, for up to 8 bits;
/// as they are above.
mlir::Type heldType(mlir::MLIRContext *context, const qnn::Quantization &q);
int64_t heldOffset(const qnn::Quantization &q);

/// A per-channel or single f32 constant that broadcasts along `axis` in a tensor of `rank` dims.
mlir::Value buildAlong(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<float> values,
                       std::optional<int64_t> axis, int64_t rank);

/// round(scaled) + zero point, clamped to [low, high] codes, in held form. `scaled` is f32.
mlir::Value buildRound(mlir::ImplicitLocOpBuilder &b, mlir::Value scaled,
                       const qnn::Quantization &q, int64_t low, int64_t high);

/// From held codes to numbers and back.
mlir::Value buildDequantize(mlir::ImplicitLocOpBuilder &b, mlir::Value held,
                            const qnn::Quantization &q);
mlir::Value buildQuantize(mlir::ImplicitLocOpBuilder &b, mlir::Value numbers,
                          const qnn::Quantization &q);

} // namespace pebble

#endif // PEBBLE_PASSES_FUSE_CODEBUILDERS_H
