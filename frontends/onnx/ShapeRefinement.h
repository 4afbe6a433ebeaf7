// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape arithmetic with partly known dims. Exporters compute shapes in the graph ("the input's
// first dim, then 256"); type inference sees constants only, and would give up on all dims.
#ifndef PEBBLE_FRONTENDS_ONNX_SHAPEREFINEMENT_H
#define PEBBLE_FRONTENDS_ONNX_SHAPEREFINEMENT_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace pebble::onnx {

/// Elements of an i64 vector or scalar, ShapedType::kDynamic where unknown; nothing when even the
/// number of elements is not known or too large to be a shape.
std::optional<llvm::SmallVector<int64_t>> partlyKnownInts(mlir::Value value);

/// Makes dims of the op's result static that follow from partly known operands.
void refineResultTypes(mlir::Operation *op);

/// The op's result when it is an i64 vector or scalar whose elements are all known; else null.
mlir::Attribute knownResult(mlir::Operation *op);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_SHAPEREFINEMENT_H
