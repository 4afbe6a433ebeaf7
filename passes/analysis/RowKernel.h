// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels that can compute one row of their result at a time, and what a row reads.
#ifndef PEBBLE_PASSES_ANALYSIS_ROWKERNEL_H
#define PEBBLE_PASSES_ANALYSIS_ROWKERNEL_H

#include "passes/Passes.h"
#include "passes/schedule/stream/Program.h"

namespace pebble {

/// What a row of a kernel's result reads of an operand.
struct RowRead {
  stream::Window rows;
  std::optional<stream::Window> columns; ///< Of a column; nothing where it is not known.
  /// It reads the row with the result's number and no other, which is all that it is given.
  bool isAtPlace = false;
};

/// Rows are dim 1 of tensors [1, rows, columns, ...].
struct RowKernel {
  /// Of each operand; nothing for all of it.
  llvm::SmallVector<std::optional<RowRead>> reads;
  /// Whether it can compute some columns of a row.
  bool hasColumns = false;
  /// All of these operands are read at the result's place: the kernel on one row is the same kernel
  /// on smaller tensors. Otherwise it is told which row it computes.
  bool isPointwise = false;

  /// `microkernels` are the operations that the target has functions for. Nothing for kernels that
  /// compute all rows at once.
  static std::optional<RowKernel> of(mlir::func::FuncOp kernel,
                                     llvm::ArrayRef<llvm::StringRef> microkernels);

private:
  /// Adds what layers that work at one place read; false where their operands are not so.
  bool addAtPlace(llvm::ArrayRef<mlir::Operation *> layers, llvm::ArrayRef<int64_t> shape);
};

} // namespace pebble

#endif // PEBBLE_PASSES_ANALYSIS_ROWKERNEL_H
