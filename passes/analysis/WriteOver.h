// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that may write a result over one of their operands.
#ifndef PEBBLE_PASSES_ANALYSIS_WRITEOVER_H
#define PEBBLE_PASSES_ANALYSIS_WRITEOVER_H

#include "passes/Passes.h"

namespace pebble {

/// Whether `kernel`, which is still a body of layers, may compute result `result` in the memory of
/// operand `operand`: it reads an element of the operand for the element at the same place alone,
/// before it stores that, and stores every element once.
bool canWriteOver(mlir::func::FuncOp kernel, unsigned operand, unsigned result);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_WRITEOVER_H
