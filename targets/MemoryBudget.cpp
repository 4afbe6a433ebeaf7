// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/MemoryBudget.h"

#include "dialects/mem/Mem.h"
#include "targets/ExitCode.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace pebble;

static IntegerAttr factOf(ModuleOp module, StringRef name) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  return main ? main->getAttrOfType<IntegerAttr>(name) : IntegerAttr();
}

int pebble::checkMemoryBudget(ModuleOp module, int64_t capacity, bool allocates,
                              llvm::raw_ostream &diagnostics) {
  IntegerAttr arena = factOf(module, "mem.arena_bytes");
  if (capacity < 0 || !arena || (arena.getInt() <= capacity && !allocates))
    return ExitOk;
  if (allocates) {
    diagnostics
        << "error[E1006]: --memory-budget needs a model whose sizes are all known before it "
           "runs: give its dims with --dim\n";
    return ExitUsage;
  }
  diagnostics
      << "error[E4002]: the model does not fit --memory-budget: the best schedule found needs "
      << arena.getInt() << " bytes of the " << capacity << " given; ";
  IntegerAttr bound = factOf(module, "mem.arena_lower_bound");
  // Programs that cannot run by rows have the bound of their own plan.
  if (factOf(module, "mem.products") && bound && bound.getInt() > capacity)
    diagnostics << "no schedule by rows of these layers in this order needs fewer than "
                << bound.getInt() << " without computing again\n";
  else
    diagnostics << "it is not proven that there is no better one\n";
  return ExitDoesNotFit;
}

int pebble::checkMemoryRegions(ModuleOp module, llvm::ArrayRef<MemoryRegion> regions, bool isAsked,
                               bool allocates, llvm::raw_ostream &diagnostics) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (regions.empty() || !main)
    return ExitOk;
  if (allocates && isAsked) {
    diagnostics << "error[E1006]: --memory-regions needs a model whose sizes are all known before "
                   "it runs: give its dims with --dim\n";
    return ExitUsage;
  }
  SmallVector<mem::RegionAttr> used = mem::regionsOf(main);
  if (llvm::none_of(used, [](mem::RegionAttr region) {
        return region.getCapacity() && region.getBytes() > *region.getCapacity();
      }))
    return ExitOk;
  diagnostics << "error[E4003]: the model does not fit the memory regions: ";
  llvm::interleaveComma(used, diagnostics, [&](mem::RegionAttr region) {
    diagnostics << region.getName().getValue() << " would hold " << region.getBytes();
    if (region.getCapacity())
      diagnostics << " of " << *region.getCapacity();
    diagnostics << " bytes";
  });
  for (auto [region, needs] : llvm::zip(regions, used))
    diagnostics << "\n  " << region.name << ": " << region.note << (region.note.empty() ? "" : "; ")
                << "no plan of what would lie there needs fewer than " << needs.getLowerBound()
                << " bytes";
  diagnostics << "\n";
  auto conflict = main->getAttrOfType<ArrayAttr>("mem.conflict");
  IntegerAttr bound = factOf(module, "mem.arena_lower_bound");
  int64_t capacity = 0;
  for (const MemoryRegion &region : regions)
    capacity += region.capacity.value_or(0);
  // By rows, the bound is that of all schedules.
  if (!conflict && factOf(module, "mem.products") && bound && bound.getInt() > capacity) {
    diagnostics << "  no schedule by rows of these layers in this order needs fewer than "
                << bound.getInt() << " bytes in all without computing again\n";
    return ExitDoesNotFit;
  }
  if (!conflict) {
    diagnostics << "  it is not proven that there is no better plan\n";
    return ExitDoesNotFit;
  }
  diagnostics << "  it is proven that no plan has room for ";
  llvm::interleaveComma(conflict.getAsRange<StringAttr>(), diagnostics,
                        [&](StringAttr buffer) { diagnostics << buffer.getValue(); });
  diagnostics << "\n";
  return ExitDoesNotFit;
}

void pebble::printSchedulePoints(ModuleOp module, llvm::raw_ostream &stream) {
  IntegerAttr products = factOf(module, "mem.products");
  if (!products)
    return;
  auto points = module.lookupSymbol("main")->getAttrOfType<ArrayAttr>("mem.points");
  if (!points)
    return;
  stream << llvm::formatv("{0,12} {1,10} {2,12}\n", "memory bytes", "extra MACs", "single rows");
  for (Attribute point : points) {
    ArrayRef<int64_t> needs = cast<DenseI64ArrayAttr>(point);
    double percent = 100.0 * needs[1] / std::max<int64_t>(products.getInt(), 1);
    stream << llvm::formatv("{0,12} {1,9:f2}% {2,12}\n", needs[0], percent, needs[2]);
  }
}
