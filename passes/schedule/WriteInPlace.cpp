// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/WriteOver.h"
#include "passes/schedule/KernelVersions.h"

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
    KernelVersions versions(symbols, mem::overName, "_over", /*nothing=*/-1);
    for (auto &[launch, over] : chooseOver(main, symbols))
      versions.add(launch, over);
    versions.apply([](mem::LaunchOp launch, DenseI64ArrayAttr over) { launch.setOverAttr(over); });
  }
};

} // namespace
