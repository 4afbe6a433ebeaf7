// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operations of a block, before they have buffers, as a graph of nodes and memory.
#ifndef PEBBLE_PASSES_SCHEDULE_BLOCKGRAPH_H
#define PEBBLE_PASSES_SCHEDULE_BLOCKGRAPH_H

#include "passes/Passes.h"
#include "passes/schedule/order/Order.h"

#include "mlir/IR/SymbolTable.h"

#include <set>

namespace pebble {

/// The graph of the operations of a block, numbered in their order. Constants are in no arena and
/// can stand first, so they are left out.
class BlockGraph {
public:
  BlockGraph(mlir::Block &block, mlir::SymbolTable &symbols);

  /// States which results `write-in-place` can put over operands.
  void addOvers();

  order::Graph graph;
  std::vector<mlir::Operation *> ops; ///< Of each node.
  std::vector<mlir::OpResult> values; ///< Of each tensor.

private:
  void add(mlir::Operation &op);
  int makeTensor(mlir::OpResult result, int node);
  bool isReturned(mlir::Value value) const;
  int64_t bytesOf(mlir::OpResult result) const;
  int64_t scratchOf(mlir::Operation &op) const;
  mlir::func::FuncOp kernelOf(mlir::Operation &op) const;

  mlir::Block &block;
  mlir::SymbolTable &symbols;
  llvm::DenseMap<mlir::Operation *, int> nodes;
  /// The memory that a value names.
  llvm::DenseMap<mlir::Value, llvm::SmallVector<int, 2>> tensors;
  std::vector<std::set<int>> consumers;
  int lastEffect = -1;
};

/// Whether `block` is one operation after the other, on tensors of known size.
bool isPlain(mlir::Block &block);

/// Whether `op` only gives another name to the memory of its first operand.
bool isName(mlir::Operation *op);

} // namespace pebble

#endif // PEBBLE_PASSES_SCHEDULE_BLOCKGRAPH_H
