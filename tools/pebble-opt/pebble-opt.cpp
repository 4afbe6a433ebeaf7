// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs passes on MLIR files: mlir-opt with Pebble's dialects and passes.

#include "dialects/mem/Mem.h"
#include "dialects/nn/NN.h"
#include "dialects/qnn/QNN.h"
#include "passes/Passes.h"
#include "passes/Pipelines.h"
#include "passes/Plugin.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

namespace {

/// MLIR's option parser only warns about a plugin that it cannot load, and takes one that was built
/// for another version.
bool checkPlugins(int argc, char **argv) {
  for (int i = 1; i < argc; ++i) {
    llvm::StringRef option = llvm::StringRef(argv[i]).ltrim('-'), path;
    if (option.consume_front("load-pass-plugin="))
      path = option;
    else if (option == "load-pass-plugin" && i + 1 < argc)
      path = argv[i + 1];
    std::string error;
    if (!path.empty() && !pebble::loadPlugin(path.str(), error)) {
      llvm::errs() << "error[E1002]: " << error << "\n";
      return false;
    }
  }
  return true;
}

} // namespace

int main(int argc, char **argv) {
  if (!checkPlugins(argc, argv))
    return 1;
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registry.insert<pebble::nn::NNDialect, pebble::qnn::QNNDialect, pebble::mem::MemDialect>();
  mlir::registerAllPasses();
  pebble::registerPebblePasses();
  pebble::registerPipelines();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Pebble pass driver\n", registry));
}
