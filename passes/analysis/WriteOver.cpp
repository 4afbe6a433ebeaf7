// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/WriteOver.h"

using namespace mlir;
using namespace pebble;

namespace {

/// Layers that make an element from those at the same place, each once.
bool worksByElement(Operation *op) {
  return op->hasTrait<nn::ElementwiseOp>() ||
         isa<qnn::AddBytesOp, qnn::MulBytesOp, qnn::LookupBytesOp>(op);
}

bool haveSamePlaces(Type a, Type b) {
  auto first = cast<RankedTensorType>(a), second = cast<RankedTensorType>(b);
  return first.hasStaticShape() && first.getShape() == second.getShape() &&
         mem::storageType(first.getElementType()).getIntOrFloatBitWidth() ==
             mem::storageType(second.getElementType()).getIntOrFloatBitWidth();
}

} // namespace

bool pebble::canWriteOver(func::FuncOp kernel, unsigned operand, unsigned result) {
  Block &body = kernel.getBody().front();
  OperandRange results = body.getTerminator()->getOperands();
  Value read = body.getArgument(operand), written = results[result];
  if (!haveSamePlaces(read.getType(), written.getType()) || !written.getDefiningOp() ||
      llvm::count(results, written) > 1 || llvm::is_contained(results, read))
    return false;
  bool isFirst = true;
  for (Operation &op : body.without_terminator()) {
    if (isa<nn::ConstantOp>(op))
      continue;
    // A layer with an epilogue stores an element when all that follows from its sum is known.
    if (!worksByElement(&op) && !(isFirst && op.hasTrait<nn::EpilogueOp>()))
      return false;
    isFirst = false;
  }
  return llvm::all_of(read.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    bool isTable = isa<qnn::LookupBytesOp>(user) && use.getOperandNumber() > 0;
    return worksByElement(user) && !isTable &&
           cast<RankedTensorType>(user->getResult(0).getType()).getShape() ==
               cast<RankedTensorType>(read.getType()).getShape();
  });
}
