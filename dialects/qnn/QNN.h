// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The qnn dialect: layers on quantized tensors. See QNNOps.td.
#ifndef PEBBLE_DIALECTS_QNN_QNN_H
#define PEBBLE_DIALECTS_QNN_QNN_H

#include "dialects/nn/NN.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"

#include "dialects/qnn/QNNDialect.h.inc"

#define GET_OP_CLASSES
#include "dialects/qnn/QNNOps.h.inc"

namespace pebble::qnn {

/// The module attribute that names the arithmetic, and its values.
inline constexpr llvm::StringLiteral roundingAttribute = "qnn.rounding";
inline constexpr llvm::StringLiteral onnxRounding = "onnx";
inline constexpr llvm::StringLiteral tfliteRounding = "tflite";

/// Whether the module of `op` asks for TFLite's arithmetic.
bool roundsAsTflite(mlir::Operation *op);

} // namespace pebble::qnn

#endif // PEBBLE_DIALECTS_QNN_QNN_H
