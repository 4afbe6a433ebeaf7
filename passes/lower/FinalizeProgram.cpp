// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/Passes.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"

namespace pebble {
#define GEN_PASS_DEF_FINALIZEPROGRAM
#include "passes/Passes.h.inc"
} // namespace pebble

using namespace mlir;
using namespace pebble;

namespace {

constexpr llvm::StringLiteral exitMarker = "pebble.exit_if";

class FinalizeProgram : public pebble::impl::FinalizeProgramBase<FinalizeProgram> {
public:
  using FinalizeProgramBase::FinalizeProgramBase;

  void runOnOperation() override {
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>()) {
      if (function.isExternal())
        continue;
      insertReturns(function);
      StringRef name = function.getSymName();
      if (name == "main" || name == "plan")
        function.setSymName(prefix + "_" + name.str());
      else
        function.setLinkage(LLVM::Linkage::Internal);
    }
    if (auto marker = getOperation().lookupSymbol<LLVM::LLVMFuncOp>(exitMarker))
      marker.erase();
  }

  void insertReturns(LLVM::LLVMFuncOp function) {
    SmallVector<LLVM::CallOp> markers;
    function.walk([&](LLVM::CallOp call) {
      if (call.getCallee() == exitMarker)
        markers.push_back(call);
    });
    if (markers.empty())
      return;
    OpBuilder builder(&getContext());
    Block *exit = builder.createBlock(&function.getBody(), function.getBody().end(),
                                      builder.getI32Type(), function.getLoc());
    LLVM::ReturnOp::create(builder, function.getLoc(), exit->getArgument(0));
    for (LLVM::CallOp call : markers) {
      Value status = call.getOperand(0);
      Block *block = call->getBlock();
      Block *rest = block->splitBlock(call);
      builder.setInsertionPointToEnd(block);
      Value zero = LLVM::ConstantOp::create(builder, call.getLoc(), builder.getI32Type(), 0);
      Value isFailure =
          LLVM::ICmpOp::create(builder, call.getLoc(), LLVM::ICmpPredicate::ne, status, zero);
      LLVM::CondBrOp::create(builder, call.getLoc(), isFailure, exit, ValueRange(status), rest,
                             ValueRange());
      call.erase();
    }
  }
};

} // namespace
