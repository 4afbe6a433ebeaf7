// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Lifetimes.h"

#include "passes/analysis/Aliases.h"

#include "mlir/Interfaces/LoopLikeInterface.h"

using namespace mlir;
using namespace pebble;

Lifetimes::Lifetimes(Operation *program) {
  int64_t next = 0;
  program->walk<WalkOrder::PreOrder>([&](Operation *op) { spans[op].first = next++; });
  program->walk<WalkOrder::PostOrder>([&](Operation *op) {
    Life &span = spans[op];
    span.last = std::max(span.last, span.first);
    if (Operation *parent = op->getParentOp(); parent && op != program)
      spans[parent].last = std::max(spans[parent].last, span.last);
  });
}

Life Lifetimes::of(Value made) const {
  Operation *maker = made.getDefiningOp();
  Life life = {positionOf(maker), positionOf(maker)};
  for (Value name : aliasesOf(made))
    for (Operation *user : name.getUsers()) {
      life.last = std::max(life.last, positionOf(user));
      for (Operation *around = user->getParentOp(); around && !around->isAncestor(maker);
           around = around->getParentOp())
        if (isa<LoopLikeOpInterface>(around))
          life.last = std::max(life.last, spans.lookup(around).last);
    }
  return life;
}
