// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/x86/kernels/Bitcode.h"
#include "targets/x86/kernels/Microkernels.h"

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
