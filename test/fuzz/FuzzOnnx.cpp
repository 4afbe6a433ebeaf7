// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads arbitrary bytes as an ONNX model and imports it: everything up to the passes.
#include "dialects/nn/NN.h"
#include "frontends/onnx/Importer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/raw_ostream.h"

using namespace pebble;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::ArrayRef<char> bytes(reinterpret_cast<const char *>(data), size);
  onnx::Problems problems;
  std::shared_ptr<const onnx::Model> model = onnx::readModel(bytes, /*folder=*/"", problems);
  if (!model)
    return 0;
  // A context of its own for each input: attributes live as long as their context.
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  context.loadDialect<nn::NNDialect, mlir::func::FuncDialect>();
  // What the importer says is discarded, but it has to be formatted.
  context.getDiagEngine().registerHandler([](mlir::Diagnostic &) { return mlir::success(); });
  mlir::OwningOpRef<mlir::ModuleOp> module = onnx::importModel(model, context, {}, problems);
  if (module && mlir::failed(mlir::verify(*module))) {
    llvm::errs() << "the imported module does not verify\n";
    __builtin_trap();
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  problems.print(stream);
  return 0;
}
