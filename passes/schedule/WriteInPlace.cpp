// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Lifetimes.h"
#include "passes/analysis/WriteOver.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/MapVector.h"

#include <map>

namespace pebble {
#define GEN_PASS_DEF_WRITEINPLACE
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

/// Of each result of a launch, the operand that it is written over; -1 for none.
using Over = SmallVector<int64_t>;

memref::AllocOp allocationOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<mem::ViewOp>())
    buffer = view.getSource();
  return buffer.getDefiningOp<memref::AllocOp>();
}

/// What `verify-accesses` can follow: buffers of known size, one op after the other.
bool isPlain(func::FuncOp main) {
  if (!llvm::hasSingleElement(main.getBody()))
    return false;
  return llvm::all_of(main.getBody().front(), [](Operation &op) {
    return op.getNumRegions() == 0 && llvm::all_of(op.getResultTypes(), [](Type type) {
             auto buffer = dyn_cast<MemRefType>(type);
             return !buffer || buffer.hasStaticShape();
           });
  });
}

Over chooseOver(mem::LaunchOp launch, func::FuncOp kernel, const Lifetimes &lifetimes) {
  SmallVector<memref::AllocOp> operands;
  for (Value input : launch.getInputs())
    operands.push_back(allocationOf(input));
  auto diesHere = [&](memref::AllocOp alloc) {
    return alloc && lifetimes.of(alloc).last == lifetimes.positionOf(launch) &&
           llvm::count(operands, alloc) == 1;
  };
  Over over;
  for (auto [result, output] : llvm::enumerate(launch.getOutputs())) {
    over.push_back(-1);
    if (!output.getDefiningOp<memref::AllocOp>())
      continue;
    for (auto [index, operand] : llvm::enumerate(operands))
      if (diesHere(operand) && !llvm::is_contained(over, static_cast<int64_t>(index)) &&
          canWriteOver(kernel, index, result)) {
        over.back() = index;
        break;
      }
  }
  return over;
}

class WriteInPlace : public pebble::impl::WriteInPlaceBase<WriteInPlace> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto main = symbols.lookup<func::FuncOp>("main");
    if (!main || main->hasAttr("mem.arena_bytes") || !isPlain(main))
      return;
    const Lifetimes lifetimes(main);
    llvm::MapVector<Operation *, std::map<Over, SmallVector<mem::LaunchOp>>> versions;
    for (auto launch : main.getOps<mem::LaunchOp>())
      if (auto kernel = symbols.lookup<func::FuncOp>(launch.getKernel()))
        versions[kernel][chooseOver(launch, kernel, lifetimes)].push_back(launch);
    for (auto &[function, launchesOf] : versions) {
      auto kernel = cast<func::FuncOp>(function);
      for (auto &[over, launches] : launchesOf)
        if (llvm::any_of(over, [](int64_t operand) { return operand >= 0; }))
          apply(symbols, kernel, over, launches, /*isOnly=*/launchesOf.size() == 1);
      if (kernel.symbolKnownUseEmpty(getOperation()))
        symbols.erase(kernel);
    }
  }

  /// Lets `launches` call a version of the kernel that writes over operands: the kernel itself,
  /// where there is no other launch of it.
  static void apply(SymbolTable &symbols, func::FuncOp kernel, ArrayRef<int64_t> over,
                    ArrayRef<mem::LaunchOp> launches, bool isOnly) {
    func::FuncOp version = kernel;
    if (!isOnly) {
      version = kernel.clone();
      std::string name = kernel.getSymName().str() + "_over";
      for (int64_t operand : over)
        name += operand < 0 ? "_none" : "_" + std::to_string(operand);
      version.setSymName(name);
      symbols.insert(version);
    }
    auto attr = DenseI64ArrayAttr::get(kernel.getContext(), over);
    version->setAttr(mem::overName, attr);
    for (mem::LaunchOp launch : launches) {
      launch.setKernel(version.getSymName());
      launch.setOverAttr(attr);
    }
  }
};

} // namespace
