// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether a scheduled program keeps the memory that it was given, and what others would need.
#ifndef PEBBLE_TARGETS_MEMORYBUDGET_H
#define PEBBLE_TARGETS_MEMORYBUDGET_H

#include "passes/schedule/MemoryRegions.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace pebble {

/// An ExitCode; anything but success has a reason in `diagnostics`. `capacity` is in bytes, -1 for
/// none; `allocates` says that not all sizes are known.
int checkMemoryBudget(mlir::ModuleOp module, int64_t capacity, bool allocates,
                      llvm::raw_ostream &diagnostics);

/// The same of what a program that was planned for `regions` has in each of them; `isAsked` says
/// that the user gave them, not a board.
int checkMemoryRegions(mlir::ModuleOp module, llvm::ArrayRef<MemoryRegion> regions, bool isAsked,
                       bool allocates, llvm::raw_ostream &diagnostics);

/// The schedules that `stream-layers` lists, a line each; nothing when it lists none.
void printSchedulePoints(mlir::ModuleOp module, llvm::raw_ostream &stream);

} // namespace pebble

#endif // PEBBLE_TARGETS_MEMORYBUDGET_H
