// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What one element of an elementwise nn op is, as arith and math ops.
#ifndef PEBBLE_PASSES_LOWER_SCALAROPS_H
#define PEBBLE_PASSES_LOWER_SCALAROPS_H

#include "passes/Passes.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace pebble {

/// The type that elements of an nn element type have in registers: signless, `i1` for booleans.
mlir::Type registerType(mlir::Type element);

/// `element` constant in the shape (scalar or vector) of `like`.
mlir::Value constantLike(mlir::ImplicitLocOpBuilder &builder, mlir::Value like, mlir::Type element,
                         double value);

/// Emits `op` on register values: scalars, or equally long vectors when `isVectorizable(op)`.
/// f16 and bf16 are computed in f32 and rounded once.
mlir::Value emitScalar(mlir::ImplicitLocOpBuilder &builder, mlir::Operation *op,
                       llvm::ArrayRef<mlir::Value> operands);

/// Whether `emitScalar` takes vectors for this op: everything that calls no library routine.
bool isVectorizable(mlir::Operation *op);

} // namespace pebble

#endif // PEBBLE_PASSES_LOWER_SCALAROPS_H
