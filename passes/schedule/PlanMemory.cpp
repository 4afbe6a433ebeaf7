// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/NodeNames.h"
#include "passes/schedule/ArenaPlan.h"

namespace pebble {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class PlanMemory : public pebble::impl::PlanMemoryBase<PlanMemory> {
public:
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    func::FuncOp program = getOperation();
    if (program.getSymName() != "main" || program->hasAttr("mem.arena_bytes"))
      return;
    SmallVector<MemoryRegion> memories;
    if (std::string fault = readRegions(regions, memories); !fault.empty()) {
      program.emitError("the memory regions are not as they must be: ") << fault;
      return signalPassFailure();
    }
    FailureOr<ArenaPlan> plan = ArenaPlan::make(program, ArenaPlan::planSteps, memories);
    if (failed(plan))
      return signalPassFailure();
    describe(program, *plan);
    for (auto [alloc, lastUser] : plan->released) {
      if (lastUser->hasTrait<OpTrait::IsTerminator>())
        continue;
      OpBuilder builder(lastUser);
      builder.setInsertionPointAfter(lastUser);
      mem::ReleaseOp::create(builder, alloc.getLoc(), alloc);
    }
    for (ArenaBuffer &buffer : plan->buffers) {
      OpBuilder builder(buffer.alloc);
      IntegerAttr region = buffer.region ? builder.getI64IntegerAttr(buffer.region) : IntegerAttr();
      Value slot = mem::SlotOp::create(builder, buffer.alloc.getLoc(), buffer.alloc.getType(),
                                       buffer.offset, region);
      buffer.alloc.replaceAllUsesWith(slot);
      buffer.alloc.erase();
    }
  }

  static void describe(func::FuncOp program, const ArenaPlan &plan) {
    Builder builder(program.getContext());
    program->setAttr("mem.arena_bytes", builder.getI64IntegerAttr(plan.height));
    program->setAttr("mem.arena_lower_bound", builder.getI64IntegerAttr(plan.lowerBound));
    describeRegions(program, plan.regions);
    SmallVector<Attribute> conflict;
    for (int64_t id : plan.conflict)
      conflict.push_back(builder.getStringAttr(textOf(plan.buffers[id])));
    if (!conflict.empty())
      program->setAttr("mem.conflict", builder.getArrayAttr(conflict));
  }

  /// The last node that it is for, and its size.
  static std::string textOf(ArenaBuffer buffer) {
    SmallVector<StringRef> names = nodeNames(buffer.alloc.getLoc());
    return (names.empty() ? "a buffer" : names.back().str()) + " (" + std::to_string(buffer.bytes) +
           " bytes)";
  }
};

} // namespace
