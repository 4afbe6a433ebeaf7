// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"
#include "passes/analysis/Aliases.h"
#include "passes/analysis/Lifetimes.h"
#include "passes/schedule/planner/Planner.h"
#include "passes/schedule/verifier/PlanVerifier.h"

#include "llvm/Support/MathExtras.h"

namespace pebble {
#define GEN_PASS_DEF_PLANMEMORY
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

constexpr int64_t alignment = 64; // A cache line, and the widest vector.
// A fraction of a second where no simple plan is as low as can be, which few models need.
constexpr int64_t planSteps = 10'000'000;

struct Buffer {
  memref::AllocOp alloc;
  Life life;
  int64_t bytes, id, offset = 0;
  int64_t place = id; // The buffer whose memory it is, of those that are written over one another.
};

class PlanMemory : public pebble::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    func::FuncOp program = getOperation();
    if (program.getSymName() != "main" || program->hasAttr("mem.arena_bytes"))
      return;
    Block &entry = program.getBody().front();
    const Lifetimes lifetimes(program);

    std::vector<Buffer> planned;
    SmallVector<std::pair<memref::AllocOp, Operation *>> released;
    program.walk([&](memref::AllocOp alloc) {
      Operation *lastUser = alloc;
      bool carried = false;
      for (Value name : aliasesOf(alloc)) {
        carried |= isa<BlockArgument>(name);
        for (Operation *user : name.getUsers())
          if (Operation *top = entry.findAncestorOpInBlock(*user);
              lifetimes.positionOf(top) >= lifetimes.positionOf(lastUser))
            lastUser = top;
      }
      bool nested = alloc->getBlock() != &entry;
      if (alloc.getType().hasStaticShape() && !(nested && carried)) {
        int64_t id = planned.size();
        planned.push_back({alloc, lifetimes.of(alloc), bytesOf(alloc.getType()), id});
      } else if (!nested) {
        released.push_back({alloc, lastUser});
      }
    });
    for (auto [alloc, lastUser] : released) {
      if (lastUser->hasTrait<OpTrait::IsTerminator>())
        continue;
      OpBuilder builder(lastUser);
      builder.setInsertionPointAfter(lastUser);
      mem::ReleaseOp::create(builder, alloc.getLoc(), alloc);
    }
    if (failed(joinPlaces(planned)) || failed(place(planned)))
      return signalPassFailure();
    for (Buffer &buffer : planned) {
      OpBuilder builder(buffer.alloc);
      Value slot = mem::SlotOp::create(builder, buffer.alloc.getLoc(), buffer.alloc.getType(),
                                       buffer.offset);
      buffer.alloc.replaceAllUsesWith(slot);
      buffer.alloc.erase();
    }
  }

  /// What a launch writes over an operand is in the operand's place, which lives as long as both.
  LogicalResult joinPlaces(std::vector<Buffer> &buffers) {
    llvm::DenseMap<Value, int64_t> numbers;
    for (Buffer &buffer : buffers)
      numbers[buffer.alloc] = buffer.id;
    WalkResult end = getOperation().walk([&](mem::LaunchOp launch) -> WalkResult {
      if (!launch.getOver())
        return WalkResult::advance();
      for (auto [operand, output] : llvm::zip(*launch.getOver(), launch.getOutputs())) {
        if (operand < 0)
          continue;
        Value input = launch.getInputs()[operand];
        while (auto view = input.getDefiningOp<mem::ViewOp>())
          input = view.getSource();
        if (!numbers.contains(input) || !numbers.contains(output))
          return launch.emitError("writes over a buffer that is not placed in the arena");
        Buffer &over = buffers[numbers.lookup(output)];
        over.place = buffers[numbers.lookup(input)].place;
        Buffer &owner = buffers[over.place];
        owner.life.last = std::max(owner.life.last, over.life.last);
      }
      return WalkResult::advance();
    });
    return failure(end.wasInterrupted());
  }

  static int64_t bytesOf(MemRefType type) {
    int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    return llvm::alignTo(std::max<int64_t>(bytes, 1), alignment);
  }

  /// Sets the offsets and records what is known about the plan.
  LogicalResult place(std::vector<Buffer> &buffers) {
    std::vector<planner::Buffer> problem;
    std::vector<const Buffer *> owners;
    for (const Buffer &buffer : buffers)
      if (buffer.place == buffer.id) {
        owners.push_back(&buffer);
        problem.push_back({buffer.life.first, buffer.life.last + 1, buffer.bytes, alignment});
      }
    func::FuncOp program = getOperation();
    if (std::vector<planner::Fault> faults = planner::findFaults(problem); !faults.empty())
      return memref::AllocOp(owners[faults.front().buffer]->alloc)
                 .emitError("the buffers of this model cannot be placed: ")
             << faults.front().message;
    planner::Options options;
    // Only steps: a time limit would give other plans on a busy machine.
    options.budget = planner::Budget(planSteps);
    planner::Result result = planner::planBuffers(problem, options);

    std::vector<verifier::PlacedRange> ranges;
    std::vector<std::string> names;
    for (auto [owner, offset] : llvm::zip_equal(owners, result.plan.offsets)) {
      const Buffer &buffer = *owner;
      buffers[buffer.id].offset = offset;
      ranges.push_back({buffer.life.first, buffer.life.last + 1, offset, buffer.bytes, alignment});
      names.push_back("buffer " + std::to_string(buffer.id));
    }
    for (Buffer &buffer : buffers)
      buffer.offset = buffers[buffer.place].offset;
    auto violations = verifier::verifyPlan(ranges, result.plan.height);
    for (const verifier::Violation &violation : violations)
      program.emitError("the memory plan is not valid: ")
          << verifier::describe(violation, ranges, names, result.plan.height);
    Builder builder(&getContext());
    program->setAttr("mem.arena_bytes", builder.getI64IntegerAttr(result.plan.height));
    program->setAttr("mem.arena_lower_bound", builder.getI64IntegerAttr(result.lowerBound));
    return success(violations.empty());
  }
};

} // namespace
