// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/ArenaPlan.h"

namespace pebble {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class PlanMemory : public pebble::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    func::FuncOp program = getOperation();
    if (program.getSymName() != "main" || program->hasAttr("mem.arena_bytes"))
      return;
    FailureOr<ArenaPlan> plan = ArenaPlan::make(program);
    if (failed(plan))
      return signalPassFailure();
    for (auto [alloc, lastUser] : plan->released) {
      if (lastUser->hasTrait<OpTrait::IsTerminator>())
        continue;
      OpBuilder builder(lastUser);
      builder.setInsertionPointAfter(lastUser);
      mem::ReleaseOp::create(builder, alloc.getLoc(), alloc);
    }
    for (ArenaBuffer &buffer : plan->buffers) {
      OpBuilder builder(buffer.alloc);
      Value slot = mem::SlotOp::create(builder, buffer.alloc.getLoc(), buffer.alloc.getType(),
                                       buffer.offset);
      buffer.alloc.replaceAllUsesWith(slot);
      buffer.alloc.erase();
    }
    Builder builder(&getContext());
    program->setAttr("mem.arena_bytes", builder.getI64IntegerAttr(plan->height));
    program->setAttr("mem.arena_lower_bound", builder.getI64IntegerAttr(plan->lowerBound));
  }
};

} // namespace
