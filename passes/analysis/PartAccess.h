// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that take or give tensors whose runs along the last dim do not lie side by side.
#ifndef PEBBLE_PASSES_ANALYSIS_PARTACCESS_H
#define PEBBLE_PASSES_ANALYSIS_PARTACCESS_H

#include "passes/Passes.h"

namespace pebble {

/// Whether `kernel`, which is still a body of layers, can find operand `operand` with a pitch (see
/// mem.part): elementwise layers do, and windows on images, channels last, that the target computes
/// itself. `microkernels` are the operations on codes that it has functions for.
bool takesPitch(mlir::func::FuncOp kernel, unsigned operand,
                llvm::ArrayRef<llvm::StringRef> microkernels);

/// Whether it can store its results with pitches.
bool givesPitch(mlir::func::FuncOp kernel, llvm::ArrayRef<llvm::StringRef> microkernels);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_PARTACCESS_H
