// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/MemoryMap.h"

#include "dialects/mem/Mem.h"
#include "passes/analysis/Aliases.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace pebble;

namespace {

/// The name of the last node that `loc` stands for, which is the one whose result is left.
std::string lastNode(Location loc) {
  if (auto fused = dyn_cast<FusedLoc>(loc))
    return fused.getLocations().empty() ? "" : lastNode(fused.getLocations().back());
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().str();
  return "";
}

/// Whether `op` moves data, by itself or by what is in it.
bool movesData(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return isa<mem::LaunchOp, mem::CopyOp>(inner) ? WalkResult::interrupt()
                                                      : WalkResult::advance();
      })
      .wasInterrupted();
}

} // namespace

void pebble::describeMemory(ModuleOp module, package::Manifest &manifest) {
  auto program = module.lookupSymbol<func::FuncOp>("main");
  if (!program)
    return;
  llvm::StringMap<int32_t> kernels;
  for (auto [index, kernel] : llvm::enumerate(manifest.kernels))
    kernels[kernel.symbol] = static_cast<int32_t>(index);

  Block &entry = program.getBody().front();
  llvm::DenseMap<Operation *, uint32_t> stepOf;
  for (Operation &op : entry) {
    if (!movesData(&op))
      continue;
    stepOf[&op] = static_cast<uint32_t>(manifest.steps.size());
    package::StepSpec step{lastNode(op.getLoc())};
    if (auto launch = dyn_cast<mem::LaunchOp>(op))
      if (auto known = kernels.find(launch.getKernel()); known != kernels.end())
        step.kernel = known->second;
    manifest.steps.push_back(std::move(step));
  }

  program.walk([&](mem::SlotOp slot) {
    auto type = cast<MemRefType>(slot.getType());
    package::SlotSpec spec;
    spec.name = lastNode(slot.getLoc());
    spec.offset = slot.getOffset();
    spec.bytes = type.getNumElements() * type.getElementTypeBitWidth() / 8;
    spec.first = UINT32_MAX;
    for (Value name : aliasesOf(slot))
      for (Operation *user : name.getUsers())
        if (auto step = stepOf.find(entry.findAncestorOpInBlock(*user)); step != stepOf.end()) {
          spec.first = std::min(spec.first, step->second);
          spec.last = std::max(spec.last, step->second);
        }
    if (spec.first <= spec.last && spec.bytes > 0)
      manifest.slots.push_back(std::move(spec));
  });
  if (auto bound = program->getAttrOfType<IntegerAttr>("mem.arena_lower_bound"))
    manifest.arenaLowerBound = bound.getInt();
}
