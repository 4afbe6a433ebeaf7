// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluates elements of tensors on demand: an elementwise op's element from its operands' elements,
// down to memory, so that chains of elementwise ops fuse into the loop that wants the result.
#ifndef PEBBLE_PASSES_LOWER_ELEMENTEMITTER_H
#define PEBBLE_PASSES_LOWER_ELEMENTEMITTER_H

#include "passes/lower/ScalarOps.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

namespace pebble {

/// A tensor in memory, as a kernel sees it.
struct KernelTensor {
  mlir::Value memory;                         ///< One-dimensional memref, row-major.
  llvm::SmallVector<mlir::OpFoldResult> dims; ///< Constants where known.
  mlir::RankedTensorType type;
  int64_t pitch = 0; ///< As in mem.part; only where all dims are known.

  /// Elements from one run along the last dim, of known size, to the next.
  int64_t runStep() const;
};

// Index arithmetic that folds constants.
std::optional<int64_t> constantOf(mlir::OpFoldResult size);
mlir::OpFoldResult multiply(mlir::ImplicitLocOpBuilder &builder, mlir::OpFoldResult a,
                            mlir::OpFoldResult b);
mlir::Value toValue(mlir::ImplicitLocOpBuilder &builder, mlir::OpFoldResult size);

/// The loops around an element: their extents, with dims merged where no operand tells them apart,
/// and for each tensor that is read its stride (in elements) along each of them.
class ElementEmitter {
public:
  /// Memory of values that are not computed on demand.
  using Lookup = llvm::function_ref<const KernelTensor *(mlir::Value)>;

  /// For evaluating `roots`, each with the memory that it is stored in, all of one shape.
  /// `computed` are values that the caller sets for each element. Emits address arithmetic at the
  /// builder's place; with `merge`, neighbouring dims become one where possible.
  ElementEmitter(mlir::ImplicitLocOpBuilder &builder, llvm::ArrayRef<mlir::Value> roots,
                 llvm::ArrayRef<const KernelTensor *> targets, llvm::ArrayRef<mlir::Value> computed,
                 Lookup lookup, bool merge);

  /// Extents of the loops.
  llvm::ArrayRef<mlir::OpFoldResult> extents() const { return loopExtents; }

  /// Moves to the element at `coordinates`, one a loop; forgets all values.
  void moveTo(llvm::ArrayRef<mlir::Value> coordinates, int64_t lanes = 1);
  void set(mlir::Value value, mlir::Value element) { elements[value] = element; }
  mlir::Value get(mlir::Value value);

  /// Whether all operands can be read as vectors along the last loop.
  bool vectorizable() const;

  /// Position in its memory, at the current coordinates, of root `index`.
  mlir::Value rootPosition(size_t index);

private:
  struct Leaf {
    const KernelTensor *tensor;
    llvm::SmallVector<mlir::OpFoldResult> strides; // One a loop.
  };
  /// How a tensor's dim meets the loop over it.
  enum class Meets { Fully, Broadcast, Unknown };

  void collect(mlir::Value value, Lookup lookup);
  Meets meets(const KernelTensor &tensor, int64_t dim, int64_t rank, bool onlyTensor) const;
  void layOut(llvm::ArrayRef<const KernelTensor *> targets, bool merge);
  mlir::Value position(llvm::ArrayRef<mlir::OpFoldResult> strides);
  mlir::Value load(const Leaf &leaf);
  mlir::Value constantElement(mlir::Value value);

  mlir::ImplicitLocOpBuilder &b;
  llvm::SmallVector<mlir::OpFoldResult> loopExtents;
  llvm::SmallVector<mlir::Value> coordinates;
  llvm::DenseSet<mlir::Value> computed;
  llvm::MapVector<mlir::Value, Leaf> leaves;
  llvm::SmallVector<llvm::SmallVector<mlir::OpFoldResult>> rootStrides; // Of each root.
  bool allVectorizable = true;
  llvm::DenseMap<mlir::Value, mlir::Value> elements;
  int64_t lanes = 1;
};

/// Converts between memory and register form (booleans are bytes in memory).
mlir::Value toRegister(mlir::ImplicitLocOpBuilder &builder, mlir::Value stored, mlir::Type element);
mlir::Value toStorage(mlir::ImplicitLocOpBuilder &builder, mlir::Value value, mlir::Type element);

} // namespace pebble

#endif // PEBBLE_PASSES_LOWER_ELEMENTEMITTER_H
