// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shape operands: what ONNX passes as attributes or tensors, and the nn dialect as i64 vectors.
#ifndef PEBBLE_FRONTENDS_ONNX_SHAPES_H
#define PEBBLE_FRONTENDS_ONNX_SHAPES_H

#include "frontends/onnx/Compose.h"

namespace pebble::onnx {

/// An integer tensor as i64.
mlir::Value asInt64(NodeImporter &node, mlir::Value value);
/// A tensor of one element as a vector.
mlir::Value asVector(NodeImporter &node, mlir::Value value);

/// Number of elements of a vector; reports `unsupported` when it is not known at import, for it
/// decides the rank of a result.
std::optional<int64_t> knownLength(NodeImporter &node, mlir::Value vector, llvm::StringRef what);

/// dims[begin:end] of a tensor as an i64 vector.
mlir::Value dimsBetween(NodeImporter &node, mlir::Value value, int64_t begin, int64_t end);

/// Product of dims[begin:end] as an i64 vector of one element.
mlir::Value productBetween(NodeImporter &node, mlir::Value value, int64_t begin, int64_t end);

/// Views a tensor as a matrix: the dims before `axis`, and those from it on.
mlir::Value flatten(NodeImporter &node, mlir::Value value, int64_t axis);

/// An operand that older opsets have as attribute `name` and newer ones as input `index`: i64, 1-D;
/// null when absent.
mlir::Value intsOperand(NodeImporter &node, llvm::StringRef name, unsigned index, int inputSince);

/// Axes (an i64 vector of known length) with negative ones counted from the end of `rank` dims.
mlir::Value nonNegativeAxes(NodeImporter &node, mlir::Value axes, int64_t rank);

/// `squeeze` and `unsqueeze` with axes that only the run knows; their number must be known.
mlir::Value squeezeDynamic(NodeImporter &node, mlir::Value value, mlir::Value axes);
mlir::Value unsqueezeDynamic(NodeImporter &node, mlir::Value value, mlir::Value axes);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_SHAPES_H
