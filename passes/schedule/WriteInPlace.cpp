// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/WriteOver.h"

#include "llvm/ADT/MapVector.h"

#include <map>

namespace pebble {
#define GEN_PASS_DEF_WRITEINPLACE
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class WriteInPlace : public pebble::impl::WriteInPlaceBase<WriteInPlace> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto main = symbols.lookup<func::FuncOp>("main");
    if (!main || main->hasAttr("mem.arena_bytes"))
      return;
    llvm::MapVector<Operation *, std::map<Over, SmallVector<mem::LaunchOp>>> versions;
    for (auto &[launch, over] : chooseOver(main, symbols))
      versions[symbols.lookup(launch.getKernel())][over].push_back(launch);
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
