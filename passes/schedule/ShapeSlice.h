// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The part of a program that follows from its inputs' dims alone.
#ifndef PEBBLE_PASSES_SCHEDULE_SHAPESLICE_H
#define PEBBLE_PASSES_SCHEDULE_SHAPESLICE_H

#include "passes/Passes.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/SetVector.h"

namespace pebble {

/// Finds the operations at the top of `@main` that compute sizes and small tensors from the inputs'
/// dims and constants, kernels among them. Their order in the program is an order to run them in
/// before all others.
class ShapeSlice {
public:
  explicit ShapeSlice(mlir::func::FuncOp program);

  /// Whether there is anything that changes with the inputs' dims.
  bool dependsOnInputs() const { return readsDims; }
  bool contains(mlir::Operation *op) const { return members.contains(op); }
  /// Constants and inputs: read by the slice and by others.
  bool isLeaf(mlir::Operation *op) const { return leaves.contains(op); }
  /// Whether a scalar follows from the inputs' dims.
  bool isSize(mlir::Value value) const;
  /// Sizes that others use, in program order.
  llvm::ArrayRef<mlir::Value> exportedSizes() const { return exported; }
  /// Buffers that the slice writes, in program order.
  llvm::SmallVector<mem::SlotOp> buffers() const;

private:
  struct Writers {
    bool isSmall = true; ///< Small, and written at the top of the program alone.
    unsigned missing = 0;
  };

  void foldDims(mlir::Block &entry);
  Writers writersOf(mem::SlotOp slot, mlir::Block &entry);
  bool follows(mlir::Operation *op);
  bool isKnownBuffer(mlir::Value buffer);
  void add(mlir::Operation *op);

  llvm::SetVector<mlir::Operation *> members;
  llvm::DenseSet<mlir::Operation *> leaves;
  llvm::MapVector<mlir::Operation *, Writers> slots;
  llvm::SmallVector<mlir::Value> exported;
  bool readsDims = false;
};

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_SHAPESLICE_H
