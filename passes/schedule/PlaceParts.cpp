// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/schedule/KernelVersions.h"
#include "passes/schedule/Parts.h"

namespace pebble {
#define GEN_PASS_DEF_PLACEPARTS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class PlaceParts : public pebble::impl::PlacePartsBase<PlaceParts> {
public:
  using PlacePartsBase::PlacePartsBase;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    auto main = symbols.lookup<func::FuncOp>("main");
    if (!main || main->hasAttr("mem.arena_bytes"))
      return;
    llvm::SetVector<StringRef> kernels;
    for (auto launch : main.getOps<mem::LaunchOp>())
      kernels.insert(launch.getKernel());
    PartOptions options{operationsOf(microkernels), onDevice};
    if (!placeParts(main, symbols, options))
      return;
    KernelVersions versions(symbols, mem::pitchesName, "_pitch", /*nothing=*/0);
    for (auto launch : main.getOps<mem::LaunchOp>()) {
      SmallVector<int64_t> pitches;
      for (Value buffer : llvm::concat<Value>(launch.getInputs(), launch.getOutputs()))
        pitches.push_back(mem::pitchOf(cast<MemRefType>(buffer.getType())));
      versions.add(launch, pitches);
    }
    versions.apply([](mem::LaunchOp, DenseI64ArrayAttr) {});
    for (StringRef name : kernels)
      if (Operation *kernel = symbols.lookup(name);
          kernel && SymbolTable::symbolKnownUseEmpty(kernel, getOperation()))
        symbols.erase(kernel);
  }
};

} // namespace
