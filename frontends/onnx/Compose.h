// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Short forms of the nn ops that composite ONNX operators decompose into.
#ifndef PEBBLE_FRONTENDS_ONNX_COMPOSE_H
#define PEBBLE_FRONTENDS_ONNX_COMPOSE_H

#include "frontends/onnx/NodeImporter.h"

namespace pebble::onnx {

/// One nn op with the operands alone.
template <typename OpTy> mlir::Value unary(NodeImporter &node, mlir::Value input) {
  return node.create<OpTy>(input);
}
template <typename OpTy> mlir::Value binary(NodeImporter &node, mlir::Value lhs, mlir::Value rhs) {
  return node.create<OpTy>(lhs, rhs);
}

/// A reduction over constant axes that keeps the reduced dims as 1.
template <typename OpTy>
mlir::Value reduce(NodeImporter &node, mlir::Value input, llvm::ArrayRef<int64_t> axes) {
  return node.create<OpTy>(input, node.ints(axes), /*keepdims=*/true);
}

mlir::Value minimum(NodeImporter &node, mlir::Value lhs, mlir::Value rhs);
mlir::Value maximum(NodeImporter &node, mlir::Value lhs, mlir::Value rhs);
mlir::Value compare(NodeImporter &node, nn::ComparePredicate predicate, mlir::Value lhs,
                    mlir::Value rhs);
mlir::Value select(NodeImporter &node, mlir::Value condition, mlir::Value onTrue,
                   mlir::Value onFalse);
mlir::Value logicalAnd(NodeImporter &node, mlir::Value lhs, mlir::Value rhs);
mlir::Value broadcastTo(NodeImporter &node, mlir::Value input, mlir::Value shape);
mlir::Value gather(NodeImporter &node, mlir::Value data, mlir::Value indices, int64_t axis);

/// The i64 scalars 0, 1, ... below the scalar `limit`.
mlir::Value iota(NodeImporter &node, mlir::Value limit);

/// `input[begin:end]` along `axis` where both bounds are 1-element i64 tensors.
mlir::Value sliceBetween(NodeImporter &node, mlir::Value input, int64_t axis, mlir::Value begin,
                         mlir::Value end);
/// Every `step`-th entry of `input` along `axis`, from `begin` on.
mlir::Value sliceStrided(NodeImporter &node, mlir::Value input, int64_t axis, int64_t begin,
                         int64_t step);

/// A tensor of one element type filled with `value`; `shape` is a 1-D i64 tensor.
mlir::Value filled(NodeImporter &node, mlir::Type element, double value, mlir::Value shape);

/// Number of elements along the given axes, as a 1-element i64 tensor.
mlir::Value extent(NodeImporter &node, mlir::Value input, llvm::ArrayRef<int64_t> axes);

/// A tensor of one element as a scalar; some exporters write scalars as 1-D tensors. Null stays
/// null.
mlir::Value asScalar(NodeImporter &node, mlir::Value value);

/// As ONNX's Reshape: 0 stands for the input's dim at that place, -1 for what remains.
mlir::Value reshapeKeeping(NodeImporter &node, mlir::Value input, llvm::ArrayRef<int64_t> shape);

/// Views a tensor that runs along `axis` so that it broadcasts against a tensor of `rank` dims.
/// Scalars stay as they are.
mlir::Value alongAxis(NodeImporter &node, mlir::Value vector, int64_t axis, int64_t rank);

/// begin, begin + 1, ..., end - 1.
llvm::SmallVector<int64_t> axesBetween(int64_t begin, int64_t end);

/// The float type of an ONNX data type number, or null.
mlir::Type floatTypeOf(NodeImporter &node, int64_t dataType);

bool isFloat(mlir::Value value);
/// f16 and bf16, whose composite operators compute in f32.
bool isHalf(mlir::Type element);

/// Reports an input whose rank is not known to be one of `ranks`.
mlir::LogicalResult checkRank(NodeImporter &node, mlir::Value value, llvm::StringRef name,
                              llvm::ArrayRef<int64_t> ranks);

/// Reports, as unsupported, an input whose dim `axis` (negative from the end) has to be known at
/// import and is not; `what` says what that dim is.
mlir::LogicalResult checkKnownDim(NodeImporter &node, mlir::Value value, int64_t axis,
                                  llvm::StringRef what);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_COMPOSE_H
