// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/MemoryMap.h"

#include "dialects/mem/Mem.h"
#include "passes/analysis/Aliases.h"
#include "passes/analysis/Lifetimes.h"
#include "passes/analysis/NodeNames.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace pebble;

namespace {

/// The node whose result is left when all that `loc` stands for has run.
std::string lastNode(Location loc) {
  SmallVector<StringRef> names = nodeNames(loc);
  return names.empty() ? "" : names.back().str();
}

} // namespace

void pebble::describeMemory(ModuleOp module, package::Manifest &manifest) {
  auto program = module.lookupSymbol<func::FuncOp>("main");
  if (!program)
    return;
  llvm::StringMap<int32_t> kernels;
  for (auto [index, kernel] : llvm::enumerate(manifest.kernels))
    kernels[kernel.symbol] = static_cast<int32_t>(index);

  const Lifetimes lifetimes(program);
  std::vector<int64_t> positions; // Of the steps, ascending.
  program.walk<WalkOrder::PreOrder>([&](Operation *op) {
    auto launch = dyn_cast<mem::LaunchOp>(op);
    if (!launch && !isa<mem::CopyOp>(op))
      return;
    package::StepSpec step{lastNode(op->getLoc())};
    if (auto known = launch ? kernels.find(launch.getKernel()) : kernels.end();
        known != kernels.end())
      step.kernel = known->second;
    manifest.steps.push_back(std::move(step));
    positions.push_back(lifetimes.positionOf(op));
  });

  llvm::DenseSet<Value> overwritten;
  program.walk([&](mem::LaunchOp launch) {
    for (int64_t operand : launch.getOver().value_or(ArrayRef<int64_t>())) {
      if (operand < 0)
        continue;
      overwritten.insert(bufferOf(launch.getInputs()[operand]));
    }
  });
  program.walk([&](mem::SlotOp slot) {
    auto type = cast<MemRefType>(slot.getType());
    package::SlotSpec spec;
    spec.name = lastNode(slot.getLoc());
    spec.offset = slot.getOffset();
    spec.region = static_cast<uint32_t>(slot.regionNumber());
    spec.bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    const Life life = lifetimes.of(slot);
    const auto first = llvm::lower_bound(positions, life.first) - positions.begin();
    auto end = llvm::upper_bound(positions, life.last) - positions.begin();
    // The step that writes over it belongs to what it writes.
    if (overwritten.contains(slot))
      --end;
    if (first >= end || spec.bytes == 0)
      return;
    spec.first = static_cast<uint32_t>(first);
    spec.last = static_cast<uint32_t>(end - 1);
    if (llvm::any_of(slot->getUsers(), llvm::IsaPred<mem::RowOp>))
      spec.rows = static_cast<uint32_t>(type.getDimSize(1));
    manifest.slots.push_back(std::move(spec));
  });
  if (auto bound = program->getAttrOfType<IntegerAttr>("mem.arena_lower_bound"))
    manifest.arenaLowerBound = bound.getInt();
  for (mem::RegionAttr region : mem::regionsOf(program))
    manifest.regions.push_back(
        {region.getName().str(), region.getCapacity().value_or(package::kDynamic),
         static_cast<uint64_t>(region.getBytes()), static_cast<uint64_t>(region.getLowerBound())});
}
