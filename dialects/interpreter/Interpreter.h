// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference interpreter of the nn dialect. Its results depend on neither the host nor the
// compiler's passes; constant folding and every comparison of compiled code rest on it.
#ifndef PEBBLE_DIALECTS_INTERPRETER_INTERPRETER_H
#define PEBBLE_DIALECTS_INTERPRETER_INTERPRETER_H

#include "dialects/interpreter/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <string>

namespace pebble::interpreter {

/// Evaluates one op on operands in the order of `op->getOperands()`. Regions may use constants from
/// outside, but no other values. On failure `error` says what went wrong.
llvm::LogicalResult evaluate(mlir::Operation *op, llvm::ArrayRef<Tensor> operands,
                             llvm::SmallVectorImpl<Tensor> &results, std::string &error);

/// Called after each op, also those in regions, with its results.
using Observer = llvm::function_ref<void(mlir::Operation *op, llvm::ArrayRef<Tensor> results)>;

/// Runs a function of nn ops. On failure `error` starts with the op and its location.
llvm::LogicalResult interpretFunction(mlir::func::FuncOp function, llvm::ArrayRef<Tensor> arguments,
                                      llvm::SmallVectorImpl<Tensor> &results, std::string &error,
                                      Observer observer = nullptr);

} // namespace pebble::interpreter

#endif // PEBBLE_DIALECTS_INTERPRETER_INTERPRETER_H
