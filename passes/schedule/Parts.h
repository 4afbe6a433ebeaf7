// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors that are parts of others: operands of concatenations, results of slices.
#ifndef PEBBLE_PASSES_SCHEDULE_PARTS_H
#define PEBBLE_PASSES_SCHEDULE_PARTS_H

#include "passes/Passes.h"

#include "mlir/IR/SymbolTable.h"

namespace pebble {

struct PartOptions {
  /// The operations on codes that the target has functions for.
  llvm::SmallVector<llvm::StringRef> microkernels;
  /// Launches are a list for a device: parts lie in the arena, and copies are of whole buffers.
  bool onDevice = false;
};

/// The operations of a list of OPERATION=SYMBOL.
template <typename Entries>
llvm::SmallVector<llvm::StringRef> operationsOf(const Entries &entries) {
  llvm::SmallVector<llvm::StringRef> operations;
  for (llvm::StringRef entry : entries)
    operations.push_back(entry.split('=').first);
  return operations;
}

/// Lets the tensors that `main` joins or cuts share one buffer with the whole, where their kernels
/// can and the arena does not grow. Changes nothing but `main`, whose kernels have still to be
/// told. Returns whether it did anything.
bool placeParts(mlir::func::FuncOp main, mlir::SymbolTable &symbols, const PartOptions &options);

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_PARTS_H
