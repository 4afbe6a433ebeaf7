// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Aliases.h"

#include "dialects/mem/Mem.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace pebble;

llvm::SetVector<Value> pebble::aliasesOf(Value buffer) {
  llvm::SetVector<Value> names;
  names.insert(buffer);
  for (size_t next = 0; next < names.size(); ++next) {
    for (OpOperand &use : names[next].getUses()) {
      Operation *user = use.getOwner();
      if (isa<mem::ViewOp, mem::RowOp, mem::PartOp, memref::CastOp>(user)) {
        names.insert(user->getResult(0));
      } else if (auto loop = dyn_cast<scf::WhileOp>(user)) {
        names.insert(loop.getBeforeArguments()[use.getOperandNumber()]);
      } else if (auto condition = dyn_cast<scf::ConditionOp>(user)) {
        auto loop = cast<scf::WhileOp>(condition->getParentOp());
        names.insert(loop.getAfterArguments()[use.getOperandNumber() - 1]);
        names.insert(loop.getResult(use.getOperandNumber() - 1));
      } else if (auto yield = dyn_cast<scf::YieldOp>(user)) {
        if (auto loop = dyn_cast<scf::WhileOp>(yield->getParentOp()))
          names.insert(loop.getBeforeArguments()[use.getOperandNumber()]);
        else
          names.insert(yield->getParentOp()->getResult(use.getOperandNumber()));
      }
    }
  }
  return names;
}

Value pebble::bufferOf(Value value) {
  while (auto view = value.getDefiningOp<mem::ViewOp>())
    value = view.getSource();
  return value;
}

Origin::Origin(Value value) : buffer(bufferOf(value)) {
  while (auto part = buffer.getDefiningOp<mem::PartOp>()) {
    isWhole = false;
    buffer = bufferOf(part.getWhole());
  }
}
