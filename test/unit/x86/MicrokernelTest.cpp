// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/codegen/Codegen.h"
#include "targets/x86/kernels/Bitcode.h"
#include "targets/x86/kernels/Microkernels.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"

#include <gtest/gtest.h>

using namespace pebble::x86;

namespace {

class Microkernels : public testing::Test {
protected:
  void SetUp() override {
    auto parsed =
        llvm::parseBitcodeFile(llvm::MemoryBufferRef(kernelBitcode(), "kernels"), context);
    ASSERT_TRUE(bool(parsed));
    module = std::move(*parsed);
  }
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module;
};

std::string symbolFor(llvm::StringRef op, std::vector<std::string> features) {
  const Microkernel *kernel = selectMicrokernel(op, "u8", "u8", features);
  return kernel ? kernel->symbol : "";
}

} // namespace

TEST_F(Microkernels, EveryRowOfTheTableIsInTheBitcode) {
  for (const Microkernel &kernel : microkernels()) {
    llvm::Function *function = module->getFunction(kernel.symbol);
    ASSERT_TRUE(function) << kernel.symbol;
    EXPECT_FALSE(function->isDeclaration()) << kernel.symbol;
  }
}

// The inliner refuses functions that carry attributes which the caller lacks.
TEST_F(Microkernels, FunctionsTakeTheCallersTarget) {
  for (const llvm::Function &function : *module)
    for (const char *attribute : {"target-cpu", "target-features", "tune-cpu", "no-builtins"})
      EXPECT_FALSE(function.hasFnAttribute(attribute)) << function.getName().str();
}

// Compiled models may need libc and libm, and nothing else.
TEST_F(Microkernels, NeedsOnlyLibcAndLibm) {
  for (const llvm::Function &function : *module)
    if (function.isDeclaration() && !function.isIntrinsic())
      EXPECT_TRUE(function.getName() == "memcpy" || function.getName() == "memset" ||
                  function.getName() == "fmaf")
          << function.getName().str();
}

// Of every level, with no more than its own instruction sets.
TEST(Microkernel, LinksIntoAModelAndBecomesMachineCode) {
  mlir::DialectRegistry registry;
  registry.insert<mlir::LLVM::LLVMDialect>();
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::MLIRContext context(registry);
  for (const Microkernel &kernel : microkernels()) {
    // One that uses all operations of a level.
    if (kernel.op != "depthwise" || kernel.input != "s8" || kernel.output != "s8")
      continue;
    std::string text = "llvm.func @" + kernel.symbol +
                       "()\nllvm.func @entry() -> !llvm.ptr {\n  %0 = llvm.mlir.addressof @" +
                       kernel.symbol + " : !llvm.ptr\n  llvm.return %0 : !llvm.ptr\n}\n";
    mlir::OwningOpRef<mlir::ModuleOp> model =
        mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    ASSERT_TRUE(model);
    pebble::MachineOptions machine;
    machine.triple = "x86_64-unknown-linux-gnu";
    machine.cpu = "x86-64-v2";
    for (llvm::StringRef feature : kernel.features)
      machine.features += (machine.features.empty() ? "+" : ",+") + feature.str();
    machine.microkernels = kernelBitcode();
    std::string assembly, error;
    ASSERT_TRUE(
        pebble::generateCode(*model, machine, "entry", pebble::CodeKind::Assembly, assembly, error))
        << error;
    // AVX-VNNI's encoding is asked for by name; AVX-512's is the mnemonic's default.
    bool hasDots = llvm::is_contained(kernel.features, "avxvnni") ||
                   llvm::is_contained(kernel.features, "avx512vnni");
    EXPECT_EQ(llvm::StringRef(assembly).contains("vpdpbusd"), hasDots) << kernel.symbol;
    EXPECT_EQ(llvm::StringRef(assembly).contains("{vex}\tvpdpbusd"),
              llvm::is_contained(kernel.features, "avxvnni"))
        << kernel.symbol;
  }
}

TEST(SelectMicrokernel, TakesTheBestThatTheProcessorHas) {
  const std::vector<std::string> v3{"avx", "avx2", "fma"};
  std::vector<std::string> v4 = v3;
  v4.insert(v4.end(), {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"});
  std::vector<std::string> vnni512 = v4, vnni256 = v3;
  vnni512.push_back("avx512vnni");
  vnni256.push_back("avxvnni");
  EXPECT_EQ(symbolFor("gemm", {"sse4.2"}), "pebble_x86_gemm_u8_u8_portable");
  EXPECT_EQ(symbolFor("gemm", v3), "pebble_x86_gemm_u8_u8_avx2");
  EXPECT_EQ(symbolFor("gemm", vnni256), "pebble_x86_gemm_u8_u8_avxvnni");
  EXPECT_EQ(symbolFor("gemm", v4), "pebble_x86_gemm_u8_u8_avx512");
  EXPECT_EQ(symbolFor("gemm", vnni512), "pebble_x86_gemm_u8_u8_avx512vnni");
  EXPECT_EQ(symbolFor("add", vnni512), "pebble_x86_add_u8_avx512vnni");
  EXPECT_EQ(symbolFor("gelu", vnni512), "");
}
