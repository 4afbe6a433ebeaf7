// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and making constant tensors. In memory every element takes whole bytes, booleans one.
#ifndef PEBBLE_DIALECTS_NN_CONSTANTS_H
#define PEBBLE_DIALECTS_NN_CONSTANTS_H

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace pebble::nn {

/// The constant that `value` is; null when it is none.
mlir::ElementsAttr constantAttr(mlir::Value value);

/// The elements of a constant integer or boolean tensor, row-major.
std::optional<llvm::SmallVector<int64_t>> constantInts(mlir::Value value);
/// The elements of a constant floating-point tensor, row-major.
std::optional<llvm::SmallVector<double>> constantReals(mlir::Value value);

/// The elements in memory order, pointing into the attribute where it stores them so and into
/// `storage` otherwise (splats, packed booleans). Empty for an attribute without data.
llvm::ArrayRef<char> rawBytes(mlir::ElementsAttr attr, llvm::SmallVectorImpl<char> &storage);

/// Makes a constant of dense bytes: small ones and splats are uniqued, others become resources.
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type, llvm::ArrayRef<char> bytes);
/// The same, without copying when the constant becomes a resource.
mlir::ElementsAttr makeConstant(mlir::RankedTensorType type, mlir::AsmResourceBlob blob);

/// A 1-D i64 tensor.
mlir::ElementsAttr makeInts(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> values);

/// Bytes of a tensor's elements in memory; nothing when dims are unknown or the size overflows.
std::optional<int64_t> tensorBytes(mlir::RankedTensorType type);

} // namespace pebble::nn

#endif // PEBBLE_DIALECTS_NN_CONSTANTS_H
