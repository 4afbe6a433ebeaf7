// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs of which it can be proved what they find in memory.
#ifndef PEBBLE_PASSES_ANALYSIS_FOLLOWABLE_H
#define PEBBLE_PASSES_ANALYSIS_FOLLOWABLE_H

#include "passes/Passes.h"

namespace pebble {

/// Whether no size in `main` follows from what only the run knows.
bool hasKnownSizes(mlir::func::FuncOp main);

/// Whether `verify-accesses` can follow `main`: launches, copies, counted loops and branches, on
/// buffers of known size. What is loaded decides between branches and nothing else.
bool isFollowable(mlir::func::FuncOp main);

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_FOLLOWABLE_H
