// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sizes of values that are only known when the program runs, as host code.
#ifndef PEBBLE_PASSES_SCHEDULE_RESULTDIMS_H
#define PEBBLE_PASSES_SCHEDULE_RESULTDIMS_H

#include "passes/Passes.h"

namespace pebble {

/// Emits index values for the dims of tensors computed by a chain of nn ops whose leaves have
/// buffers.
class ResultDims {
public:
  explicit ResultDims(mlir::OpBuilder &builder) : builder(builder) {}

  /// Declares that `tensor` is held by `buffer`.
  void bind(mlir::Value tensor, mlir::Value buffer) { buffers[tensor] = buffer; }

  /// One index value a dim.
  llvm::SmallVector<mlir::Value> of(mlir::Value tensor, mlir::Location loc);

  /// The values of the dynamic dims alone, as memref.alloc and friends want them.
  llvm::SmallVector<mlir::Value> dynamicOf(mlir::Value tensor, mlir::Location loc);

private:
  llvm::SmallVector<mlir::Value> broadcast(mlir::Operation *op, mlir::RankedTensorType type,
                                           mlir::Location loc);
  llvm::SmallVector<mlir::Value> ofWindow(mlir::Operation *op, mlir::Location loc);
  void callShapeFunction(mlir::Operation *op, mlir::Location loc);
  mlir::Value bufferOf(mlir::Value tensor, mlir::Location loc);

  mlir::OpBuilder &builder;
  llvm::DenseMap<mlir::Value, mlir::Value> buffers;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<mlir::Value>> known;
};

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_RESULTDIMS_H
