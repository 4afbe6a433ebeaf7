// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

namespace pebble {
#define GEN_PASS_DEF_SPREADTHREADS
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

class SpreadThreads : public pebble::impl::SpreadThreadsBase<SpreadThreads> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> kernels;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr("nn.nodes") && !function.isExternal())
        kernels.push_back(function);
    for (func::FuncOp kernel : kernels) {
      // No thread waits for another: only a loop that is all of its kernel can be shared.
      SmallVector<Operation *> effects;
      for (Operation &op : kernel.getBody().front().without_terminator())
        if (!isPure(&op))
          effects.push_back(&op);
      int64_t threads = 1;
      for (scf::ParallelOp loop : llvm::make_early_inc_range(kernel.getOps<scf::ParallelOp>())) {
        bool share = effects.size() == 1 && effects.front() == loop;
        if (share)
          threads = getConstantIntValue(loop.getUpperBound()[0]).value_or(1);
        makeSequential(loop, share && threads > 1);
      }
      kernel->setAttr("mem.threads", Builder(&getContext()).getI64IntegerAttr(threads));
    }
  }

  /// With `share`, thread i of n takes iterations i, i + n, ...: any n computes the same.
  void makeSequential(scf::ParallelOp loop, bool share) {
    OpBuilder b(loop);
    Location loc = loop.getLoc();
    Value begin = share ? callDevice(b, loc, "pebble_thread_index") : loop.getLowerBound()[0];
    Value step = share ? callDevice(b, loc, "pebble_thread_count") : loop.getStep()[0];
    auto sequential = scf::ForOp::create(b, loc, begin, loop.getUpperBound()[0], step);
    loop.getInductionVars()[0].replaceAllUsesWith(sequential.getInductionVar());
    Block *body = loop.getBody();
    body->getTerminator()->erase();
    sequential.getBody()->getOperations().splice(sequential.getBody()->begin(),
                                                 body->getOperations());
    loop.erase();
  }

  Value callDevice(OpBuilder &b, Location loc, StringRef symbol) {
    if (!getOperation().lookupSymbol(symbol)) {
      OpBuilder top = OpBuilder::atBlockEnd(getOperation().getBody());
      func::FuncOp::create(top, loc, symbol, top.getFunctionType({}, top.getI64Type()))
          .setPrivate();
    }
    Value number = func::CallOp::create(b, loc, symbol, b.getI64Type(), ValueRange()).getResult(0);
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), number);
  }
};

} // namespace
