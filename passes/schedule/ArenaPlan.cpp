// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/ArenaPlan.h"

#include "passes/analysis/Aliases.h"
#include "passes/schedule/planner/Planner.h"
#include "passes/schedule/verifier/PlanVerifier.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

static constexpr int64_t alignment = 64; // A cache line, and the widest vector.

static int64_t paddedBytes(MemRefType type) {
  int64_t bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
  return llvm::alignTo(std::max<int64_t>(bytes, 1), alignment);
}

FailureOr<ArenaPlan> ArenaPlan::make(func::FuncOp program, int64_t steps) {
  ArenaPlan plan(program);
  if (failed(plan.findOver(program)) || failed(plan.place(program, steps)))
    return failure();
  return plan;
}

ArenaPlan::ArenaPlan(func::FuncOp program) {
  Block &entry = program.getBody().front();
  const Lifetimes lifetimes(program);
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
      int64_t id = buffers.size();
      buffers.push_back({alloc, lifetimes.of(alloc), paddedBytes(alloc.getType()), id});
    } else if (!nested) {
      released.push_back({alloc, lastUser});
    }
  });
}

/// What a launch writes over an operand is in the operand's place.
LogicalResult ArenaPlan::findOver(func::FuncOp program) {
  llvm::DenseMap<Value, int64_t> numbers;
  for (ArenaBuffer &buffer : buffers)
    numbers[buffer.alloc] = buffer.id;
  WalkResult end = program.walk([&](mem::LaunchOp launch) -> WalkResult {
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
      buffers[numbers.lookup(output)].over = numbers.lookup(input);
    }
    return WalkResult::advance();
  });
  return failure(end.wasInterrupted());
}

LogicalResult ArenaPlan::place(func::FuncOp program, int64_t steps) {
  std::vector<planner::Buffer> problem;
  for (const ArenaBuffer &buffer : buffers) {
    planner::Buffer &wanted = problem.emplace_back();
    wanted.lower = buffer.life.first;
    wanted.upper = buffer.life.last + 1;
    wanted.size = buffer.bytes;
    wanted.alignment = alignment;
    wanted.sharesWith = buffer.over;
  }
  if (std::vector<planner::Fault> faults = planner::findFaults(problem); !faults.empty())
    return buffers[faults.front().buffer].alloc.emitError(
               "the buffers of this model cannot be placed: ")
           << faults.front().message;
  planner::Options options;
  // Only steps: a time limit would give other plans on a busy machine.
  options.budget = planner::Budget(steps);
  planner::Result result = planner::planBuffers(problem, options);
  height = result.plan.height;
  lowerBound = result.lowerBound;

  std::vector<verifier::PlacedRange> ranges;
  std::vector<std::string> names;
  for (auto [buffer, wanted, offset] : llvm::zip_equal(buffers, problem, result.plan.offsets)) {
    buffer.offset = offset;
    verifier::PlacedRange &range = ranges.emplace_back();
    range.lower = wanted.lower;
    range.upper = wanted.upper;
    range.offset = offset;
    range.size = wanted.size;
    range.alignment = alignment;
    range.sharesWith = buffer.over;
    names.push_back("buffer " + std::to_string(buffer.id));
  }
  auto violations = verifier::verifyPlan(ranges, height);
  for (const verifier::Violation &violation : violations)
    program.emitError("the memory plan is not valid: ")
        << verifier::describe(violation, ranges, names, height);
  return success(violations.empty());
}
