// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise nn ops, one element at a time. f16 and bf16 compute in f32 and round once per op;
// transcendental functions are the kernel library's, so results do not depend on the host.
#ifndef PEBBLE_DIALECTS_INTERPRETER_ELEMENTWISE_H
#define PEBBLE_DIALECTS_INTERPRETER_ELEMENTWISE_H

#include "dialects/interpreter/Tensor.h"
#include "mlir/IR/Operation.h"

namespace pebble::interpreter {

/// An op on operands of its types; `result` is allocated with the dims they broadcast to.
using ElementwiseFunction = bool (*)(mlir::Operation *op, llvm::ArrayRef<Tensor> operands,
                                     Tensor &result);

/// Null when the op is not elementwise.
ElementwiseFunction findElementwise(llvm::StringRef mnemonic);
// The tables that findElementwise looks in.
ElementwiseFunction findUnary(llvm::StringRef mnemonic);
ElementwiseFunction findBinary(llvm::StringRef mnemonic);

bool evaluateCompare(mlir::Operation *op, llvm::ArrayRef<Tensor> operands, Tensor &result);
bool evaluateSelect(mlir::Operation *op, llvm::ArrayRef<Tensor> operands, Tensor &result);
bool evaluatePow(mlir::Operation *op, llvm::ArrayRef<Tensor> operands, Tensor &result);
bool evaluateCast(mlir::Operation *op, llvm::ArrayRef<Tensor> operands, Tensor &result);

/// Converts as nn.cast does; `result` has the operand's dims.
bool convertElements(const Tensor &operand, Tensor &result);

} // namespace pebble::interpreter

#endif // PEBBLE_DIALECTS_INTERPRETER_ELEMENTWISE_H
