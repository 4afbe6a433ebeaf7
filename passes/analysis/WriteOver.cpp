// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/WriteOver.h"

#include "passes/analysis/Aliases.h"
#include "passes/analysis/Followable.h"
#include "passes/analysis/Lifetimes.h"

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

static Over chooseFor(mem::LaunchOp launch, func::FuncOp kernel, const Lifetimes &lifetimes) {
  SmallVector<Origin> operands;
  for (Value input : launch.getInputs())
    operands.emplace_back(input);
  auto diesHere = [&](Origin operand) {
    if (!operand.isWhole || !operand.buffer.getDefiningOp<memref::AllocOp>() ||
        lifetimes.of(operand.buffer).last != lifetimes.positionOf(launch))
      return false;
    // What branches have chosen may be the same buffer, and parts are some of it.
    const auto names = aliasesOf(operand.buffer);
    return llvm::count_if(launch.getInputs(), [&](Value input) { return names.contains(input); }) ==
           1;
  };
  Over over;
  for (auto [result, output] : llvm::enumerate(launch.getOutputs())) {
    over.push_back(-1);
    if (!output.getDefiningOp<memref::AllocOp>())
      continue;
    for (auto [index, operand] : llvm::enumerate(operands))
      if (diesHere(operand) && !llvm::is_contained(over, static_cast<int64_t>(index)) &&
          canWriteOver(kernel, index, result)) {
        over.back() = index;
        break;
      }
  }
  return over;
}

SmallVector<std::pair<mem::LaunchOp, Over>> pebble::chooseOver(func::FuncOp main,
                                                               SymbolTable &symbols) {
  SmallVector<std::pair<mem::LaunchOp, Over>> chosen;
  if (!isFollowable(main))
    return chosen;
  const Lifetimes lifetimes(main);
  main.walk([&](mem::LaunchOp launch) {
    if (auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel()))
      chosen.emplace_back(launch, chooseFor(launch, kernel, lifetimes));
  });
  return chosen;
}
