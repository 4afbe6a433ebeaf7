// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code of one kernel under construction: its tensors in memory, its loops, its status.
#ifndef PEBBLE_PASSES_LOWER_KERNELEMITTER_H
#define PEBBLE_PASSES_LOWER_KERNELEMITTER_H

#include "passes/lower/ElementEmitter.h"

#include "llvm/ADT/StringMap.h"

#include <memory>

namespace pebble {

/// What emitters may assume of the machine.
struct LoweringOptions {
  int64_t vectorBytes = 64;
  bool parallel = true;          ///< Whether loops may be shared between threads.
  bool fusedMultiplyAdd = false; ///< Whether the processor has the instruction.
  /// Symbols of the target's microkernels on u8 codes, by operation; "" for those it lacks.
  llvm::StringMap<std::string> microkernels;

  llvm::StringRef microkernel(llvm::StringRef operation) const {
    auto found = microkernels.find(operation);
    return found == microkernels.end() ? llvm::StringRef() : llvm::StringRef(found->second);
  }
};

class KernelEmitter {
public:
  KernelEmitter(mlir::func::FuncOp kernel, const LoweringOptions &options);

  /// Replaces the kernel's body of nn ops by code and its type by the kernel ABI:
  /// (environment, pointers to operands and results, their dynamic dims) -> status.
  llvm::LogicalResult run();

  mlir::ImplicitLocOpBuilder &builder() { return b; }
  const LoweringOptions &options() const { return loweringOptions; }

  /// The memory of an operand, a result or a constant of the kernel; null for values in between.
  const KernelTensor *tensor(mlir::Value value);
  /// The memory that a launch lends the kernel; null when its spec asks for none.
  mlir::Value scratch() const { return lent; }
  /// The row of its result that the kernel computes, whose memory holds that row alone; null for
  /// all rows.
  mlir::Value row() const { return onlyRow; }
  /// How many rows of an operand its memory holds (see mem.row); 0 for all of them.
  int64_t ringRows() const { return heldRows; }
  /// Where such memory has row `row`.
  mlir::Value heldRow(mlir::Value row);
  /// Which columns of operand and result the memory holds (see mem::columnsName); empty for all.
  llvm::ArrayRef<int64_t> columns() const { return heldColumns; }
  /// The values that the kernel yields, each with a tensor.
  llvm::ArrayRef<mlir::Value> yielded() const { return results; }

  /// Whether `result` is in the memory of an operand (see mem::overName).
  bool isWrittenOver(mlir::Value result) const { return writtenOver.contains(result); }

  /// Yielded values computed from `root` by elementwise ops, `root` included if it is yielded.
  llvm::SmallVector<mlir::Value> yieldedFrom(mlir::Operation *root) const;

  using LoopBody = llvm::function_ref<void(llvm::ArrayRef<mlir::Value> coordinates)>;
  /// A nest of loops from 0 to each extent, whose iterations are independent. `iterationCost` is
  /// the number of elementary steps in one of them: large nests are shared between threads.
  void parallelLoops(llvm::ArrayRef<mlir::OpFoldResult> extents, LoopBody body,
                     int64_t iterationCost = 1);
  /// A sequential loop.
  void loop(mlir::OpFoldResult begin, mlir::OpFoldResult end, int64_t step,
            llvm::function_ref<void(mlir::Value)> body);

  /// Stores elementwise values of one shape in one loop nest.
  void storeElementwise(llvm::ArrayRef<mlir::Value> values);
  /// Calls the kernel library for `op`, whose operands and results must be in memory.
  llvm::LogicalResult callLibrary(mlir::Operation *op);
  /// Makes the kernel return `status` if nothing failed before.
  void addStatus(mlir::Value status);

private:
  mlir::Value memoryAt(mlir::Value pointer, const KernelTensor &tensor);
  void bindArguments(mlir::Block &body, mlir::Block &entry);
  KernelTensor *bindConstant(mlir::Value value);

  mlir::func::FuncOp kernel;
  LoweringOptions loweringOptions;
  mlir::ImplicitLocOpBuilder b;
  llvm::SmallVector<mlir::Value> results;
  llvm::DenseMap<mlir::Value, std::unique_ptr<KernelTensor>> tensors;
  llvm::DenseSet<mlir::Value> writtenOver;
  bool isShared = false; // Inside a loop that threads share.
  mlir::Block *entryBlock = nullptr;
  mlir::Value status, lent, onlyRow;
  int64_t heldRows = 0;
  llvm::ArrayRef<int64_t> heldColumns;
};

/// Emits a kernel op (and what follows it in its kernel) with something better than the library
/// kernel; returns false, having emitted nothing, when the case is not covered.
using EmitKernelOp = bool (*)(KernelEmitter &emitter, mlir::Operation *op);
/// The emitter for an op, or null.
EmitKernelOp findEmitter(mlir::Operation *op);

} // namespace pebble

#endif // PEBBLE_PASSES_LOWER_KERNELEMITTER_H
