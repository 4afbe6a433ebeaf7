// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pass plugin as a user writes one: it reports how many layers each function has.
#include "dialects/nn/NN.h"
#include "passes/Plugin.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"

namespace {

struct CountLayers : mlir::PassWrapper<CountLayers, mlir::OperationPass<mlir::func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountLayers)

  llvm::StringRef getArgument() const override { return "count-layers"; }
  llvm::StringRef getDescription() const override { return "Count the layers of a function"; }

  void runOnOperation() override {
    unsigned layers = 0;
    getOperation().walk(
        [&](mlir::Operation *op) { layers += llvm::isa<pebble::nn::NNDialect>(op->getDialect()); });
    mlir::Builder builder(&getContext());
    getOperation()->setAttr("count.layers", builder.getI64IntegerAttr(layers));
  }
};

} // namespace

PEBBLE_PASS_PLUGIN("count-layers", [] { mlir::PassRegistration<CountLayers>(); })
