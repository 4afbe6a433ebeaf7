// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs passes on MLIR files: mlir-opt with Pebble's dialects and passes.

#include "dialects/mem/Mem.h"
#include "dialects/nn/NN.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<pebble::nn::NNDialect, pebble::mem::MemDialect>();
  mlir::registerAllPasses();
  pebble::registerPebblePasses();
  pebble::registerPipelines();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Pebble pass driver\n", registry));
}
