// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/KernelEmitter.h"

namespace pebble {
#define GEN_PASS_DEF_LOWERKERNELS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class LowerKernels : public pebble::impl::LowerKernelsBase<LowerKernels> {
public:
  using LowerKernelsBase::LowerKernelsBase;

  void runOnOperation() override {
    LoweringOptions options;
    options.vectorBytes = vectorBytes;
    options.fusedMultiplyAdd = fusedMultiplyAdd;
    for (StringRef entry : microkernels) {
      auto [operation, symbol] = entry.split('=');
      options.microkernels[operation] = symbol.str();
    }
    SmallVector<func::FuncOp> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("nn.nodes") && !function.isExternal())
        kernels.push_back(function);
    for (func::FuncOp kernel : kernels)
      if (failed(KernelEmitter(kernel, options).run()))
        return signalPassFailure();
  }
};

} // namespace
