// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program of the streaming scheduler that a bufferized `@main` is.
#ifndef PEBBLE_PASSES_SCHEDULE_STREAMPROGRAM_H
#define PEBBLE_PASSES_SCHEDULE_STREAMPROGRAM_H

#include "passes/analysis/Aliases.h"
#include "passes/analysis/RowKernel.h"

#include "mlir/IR/SymbolTable.h"

namespace pebble {

/// Bytes of a buffer of known size.
int64_t bytesOf(mlir::MemRefType type);

class StreamProgram {
public:
  /// With `inputInArena`, layers that read a model input do so at once.
  StreamProgram(mlir::func::FuncOp main, mlir::SymbolTable &symbols,
                llvm::ArrayRef<llvm::StringRef> microkernels, bool inputInArena);

  /// Whether `main` is one block of launches and copies on buffers of known size. Otherwise there
  /// is nothing else in here.
  bool isPlain() const { return plain; }

  /// Puts the layers in this order, in `main` too.
  void reorder(llvm::ArrayRef<int> order);

  stream::Program program;
  llvm::SmallVector<mlir::Operation *> layers;             ///< Launches and copies.
  llvm::SmallVector<std::optional<RowKernel>> rowKernels;  ///< Of each layer.
  llvm::SmallVector<mlir::Value> buffers;                  ///< Of each tensor.
  llvm::SmallVector<mlir::memref::AllocOp> scratchBuffers; ///< Of each layer; null without.

private:
  void addLayer(mlir::Operation *op, mlir::SymbolTable &symbols,
                llvm::ArrayRef<llvm::StringRef> microkernels, bool inputInArena);
  int tensorOf(mlir::Value buffer);

  bool plain = true;
  llvm::DenseMap<mlir::Value, int> numbers;
};

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_STREAMPROGRAM_H
