// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/Followable.h"

#include "passes/analysis/Aliases.h"

using namespace mlir;
using namespace pebble;

static bool isKnownOp(Operation *op) {
  return isa<func::FuncOp, func::ReturnOp, scf::ForOp, scf::IfOp, scf::YieldOp, mem::InputOp,
             mem::OutputOp, mem::ConstantOp, mem::ViewOp, mem::SlotOp, mem::RowOp, mem::PartOp,
             mem::LaunchOp, mem::CopyOp, memref::AllocOp, memref::LoadOp, arith::ConstantOp,
             arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::MaxSIOp, arith::MinSIOp,
             arith::CmpIOp, arith::SelectOp>(op);
}

/// Whether it is all of a buffer, which is how the values of branches are followed.
static bool isWhole(Value yielded) {
  return !isa_and_nonnull<mem::PartOp, mem::RowOp>(bufferOf(yielded).getDefiningOp());
}

bool pebble::hasKnownSizes(func::FuncOp main) {
  bool isKnown = true;
  main.walk([&](Operation *op) {
    for (Type type : op->getResultTypes())
      if (auto buffer = dyn_cast<MemRefType>(type))
        isKnown &= buffer.hasStaticShape();
  });
  return isKnown;
}

bool pebble::isFollowable(func::FuncOp main) {
  bool isRight = llvm::hasSingleElement(main.getBody()) && hasKnownSizes(main);
  main.walk([&](Operation *op) {
    isRight &= isKnownOp(op);
    auto isCondition = [](Operation *compare) {
      return isa<arith::CmpIOp>(compare) &&
             llvm::all_of(compare->getUsers(), llvm::IsaPred<scf::IfOp>);
    };
    if (isa<scf::YieldOp>(op))
      isRight &= llvm::all_of(op->getOperands(), isWhole);
    if (isa<memref::LoadOp>(op))
      isRight &= llvm::all_of(op->getUsers(), isCondition);
    if (auto compare = dyn_cast<arith::CmpIOp>(op))
      isRight &= compare.getPredicate() == arith::CmpIPredicate::eq || isCondition(op);
  });
  return isRight;
}
