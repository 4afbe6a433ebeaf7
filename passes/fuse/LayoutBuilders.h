// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that the passes which move image data between layouts build over and over.
#ifndef PEBBLE_PASSES_FUSE_LAYOUTBUILDERS_H
#define PEBBLE_PASSES_FUSE_LAYOUTBUILDERS_H

#include "dialects/nn/NN.h"

#include "mlir/IR/Builders.h"

namespace pebble {

/// The values in the order of `permutation`: element i of the result is values[permutation[i]].
llvm::SmallVector<int64_t> permute(llvm::ArrayRef<int64_t> values,
                                   llvm::ArrayRef<int64_t> permutation);

mlir::RankedTensorType tensorTypeOf(mlir::Value value);

/// `nn.transpose` of a ranked tensor; dim i of the result is dim permutation[i] of `value`.
mlir::Value buildTranspose(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                           llvm::ArrayRef<int64_t> permutation);

/// A one-dimensional i64 `nn.constant`.
mlir::Value buildInts(mlir::OpBuilder &builder, mlir::Location loc, llvm::ArrayRef<int64_t> values);

/// `nn.reshape` to a shape of as many elements with at most one unknown dim.
mlir::Value buildReshape(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                         llvm::ArrayRef<int64_t> shape);

} // namespace pebble

#endif // PEBBLE_PASSES_FUSE_LAYOUTBUILDERS_H
