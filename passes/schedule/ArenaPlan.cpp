// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/ArenaPlan.h"

#include "passes/analysis/Aliases.h"
#include "passes/analysis/Followable.h"
#include "passes/schedule/StreamProgram.h"
#include "passes/schedule/verifier/PlanVerifier.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

static constexpr int64_t alignment = 64; // A cache line, and the widest vector.

static int64_t paddedBytes(MemRefType type) {
  return llvm::alignTo(std::max<int64_t>(bytesOf(type), 1), alignment);
}

void pebble::describeRegions(func::FuncOp program, std::vector<PlannedRegion> regions) {
  if (regions.empty())
    return;
  while (regions.size() > 1 && regions.back().height == 0)
    regions.pop_back();
  Builder builder(program.getContext());
  SmallVector<Attribute> used;
  for (const PlannedRegion &region : regions)
    used.push_back(mem::RegionAttr::get(program.getContext(),
                                        builder.getStringAttr(region.memory.name),
                                        region.memory.capacity, region.height, region.lowerBound));
  program->setAttr(mem::RegionAttr::listName, builder.getArrayAttr(used));
}

FailureOr<ArenaPlan> ArenaPlan::make(func::FuncOp program, int64_t steps,
                                     ArrayRef<MemoryRegion> regions) {
  ArenaPlan plan(program);
  if (failed(plan.findOver(program)))
    return failure();
  plan.addTraffic(program);
  if (failed(plan.place(program, steps, regions)))
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
      numbers[alloc] = id;
    } else if (!nested) {
      released.push_back({alloc, lastUser});
    }
  });
}

/// What a launch writes over an operand is in the operand's place.
LogicalResult ArenaPlan::findOver(func::FuncOp program) {
  WalkResult end = program.walk([&](mem::LaunchOp launch) -> WalkResult {
    if (!launch.getOver())
      return WalkResult::advance();
    for (auto [operand, output] : llvm::zip(*launch.getOver(), launch.getOutputs())) {
      if (operand < 0)
        continue;
      Value input = bufferOf(launch.getInputs()[operand]);
      if (!numbers.contains(input) || !numbers.contains(output))
        return launch.emitError("writes over a buffer that is not placed in the arena");
      buffers[numbers.lookup(output)].over = numbers.lookup(input);
    }
    return WalkResult::advance();
  });
  return failure(end.wasInterrupted());
}

/// What kernels state of themselves, and all of what is copied. A launch in a loop counts once.
void ArenaPlan::addTraffic(func::FuncOp program) {
  auto add = [&](Value value, Attribute bytes) {
    auto type = cast<MemRefType>(value.getType());
    auto number = numbers.find(Origin(value).buffer);
    if (number == numbers.end())
      return;
    auto known = dyn_cast_or_null<IntegerAttr>(bytes);
    ArenaBuffer &buffer = buffers[number->second];
    buffer.traffic += known ? known.getInt() : bytesOf(type);
  };
  auto addAll = [&](OperandRange values, ArrayAttr sizes) {
    bool isKnown = sizes && sizes.size() == values.size();
    for (auto [index, value] : llvm::enumerate(values))
      add(value, isKnown ? sizes[index] : Attribute());
  };
  program.walk([&](Operation *op) {
    if (isa<mem::CopyOp>(op))
      return addAll(op->getOperands(), ArrayAttr());
    auto launch = dyn_cast<mem::LaunchOp>(op);
    if (!launch)
      return;
    Operation *kernel = SymbolTable::lookupNearestSymbolFrom(launch, launch.getKernelAttr());
    auto spec = kernel ? mem::KernelSpecAttr::of(kernel) : mem::KernelSpecAttr();
    addAll(launch.getInputs(), spec ? spec.getReads() : ArrayAttr());
    addAll(launch.getOutputs(), spec ? spec.getWrites() : ArrayAttr());
    if (launch.getScratch())
      add(launch.getScratch(), Attribute());
  });
}

LogicalResult ArenaPlan::place(func::FuncOp program, int64_t steps,
                               ArrayRef<MemoryRegion> memories) {
  std::vector<planner::Buffer> problem;
  for (const ArenaBuffer &buffer : buffers) {
    planner::Buffer &wanted = problem.emplace_back();
    wanted.lower = buffer.life.first;
    wanted.upper = buffer.life.last + 1;
    wanted.size = buffer.bytes;
    wanted.alignment = alignment;
    wanted.sharesWith = buffer.over;
    wanted.traffic = buffer.traffic;
  }
  if (std::vector<planner::Fault> faults = planner::findFaults(problem); !faults.empty())
    return buffers[faults.front().buffer].alloc.emitError(
               "the buffers of this model cannot be placed: ")
           << faults.front().message;
  planner::Options options;
  // Only steps: a time limit would give other plans on a busy machine.
  options.budget = planner::Budget(steps);
  if (!memories.empty() && released.empty() && hasKnownSizes(program)) {
    if (!placeInRegions(problem, memories, options))
      return program.emitError("there is no plan even in a last memory region of any size");
    return verify(program);
  }
  planner::Result result = planner::planBuffers(problem, options);
  for (auto [buffer, offset] : llvm::zip_equal(buffers, result.plan.offsets))
    buffer.offset = offset;
  height = result.plan.height;
  lowerBound = result.lowerBound;
  return verify(program);
}

bool ArenaPlan::placeInRegions(const std::vector<planner::Buffer> &problem,
                               ArrayRef<MemoryRegion> memories, const planner::Options &options) {
  std::vector<planner::Region> limits;
  for (const MemoryRegion &memory : memories)
    limits.push_back({memory.name, memory.capacity});
  planner::RegionsResult result = planner::planRegions(problem, limits, options);
  if (result.answer != planner::Answer::fits) {
    conflict = result.conflict;
    // How much is missing is of interest then.
    limits.back().capacity.reset();
    result = planner::planRegions(problem, limits, options);
    if (result.answer != planner::Answer::fits)
      return false;
  }
  for (auto [buffer, region, offset] : llvm::zip_equal(buffers, result.region, result.offsets)) {
    buffer.region = region;
    buffer.offset = offset;
  }
  for (auto [memory, use] : llvm::zip_equal(memories, result.uses)) {
    regions.push_back({memory, use.height, use.lowerBound});
    height += use.height;
  }
  lowerBound = planner::planBuffers(problem, options).lowerBound;
  return true;
}

LogicalResult ArenaPlan::verify(func::FuncOp program) const {
  std::vector<verifier::PlacedRange> ranges;
  std::vector<std::string> names;
  for (const ArenaBuffer &buffer : buffers) {
    verifier::PlacedRange &range = ranges.emplace_back();
    range.lower = buffer.life.first;
    range.upper = buffer.life.last + 1;
    range.offset = buffer.offset;
    range.size = buffer.bytes;
    range.alignment = alignment;
    range.region = static_cast<int>(buffer.region);
    range.sharesWith = buffer.over;
    names.push_back("buffer " + std::to_string(buffer.id));
  }
  std::vector<verifier::Memory> memories;
  for (const PlannedRegion &region : regions)
    memories.push_back({region.memory.name, region.height});
  if (memories.empty())
    memories.push_back({"", height});
  auto violations = verifier::verifyPlan(ranges, memories);
  for (const verifier::Violation &violation : violations)
    program.emitError("the memory plan is not valid: ")
        << verifier::describe(violation, ranges, names, memories);
  return success(violations.empty());
}
