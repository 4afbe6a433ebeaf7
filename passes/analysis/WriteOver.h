// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that may write a result over one of their operands.
#ifndef PEBBLE_PASSES_ANALYSIS_WRITEOVER_H
#define PEBBLE_PASSES_ANALYSIS_WRITEOVER_H

#include "passes/Passes.h"

#include "mlir/IR/SymbolTable.h"

namespace pebble {

/// Whether `kernel`, which is still a body of layers, may compute result `result` in the memory of
/// operand `operand`: it reads an element of the operand for the element at the same place alone,
/// before it stores that, and stores every element once.
bool canWriteOver(mlir::func::FuncOp kernel, unsigned operand, unsigned result);

/// Of each result of a launch, the operand that it is written over; -1 for none.
using Over = llvm::SmallVector<int64_t>;

/// What the launches of `main`, each of a known kernel, can write over operands that nobody reads
/// later, in their order, those in branches too. Nothing where `verify-accesses` could not prove
/// it.
llvm::SmallVector<std::pair<mem::LaunchOp, Over>> chooseOver(mlir::func::FuncOp main,
                                                             mlir::SymbolTable &symbols);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_WRITEOVER_H
