// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/codegen/Codegen.h"

#include "runtime/kernels/Bitcode.h"

#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Operator.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/Internalize.h"

#include <mutex>

using namespace pebble;

namespace {

void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeAllTargetInfos();
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmParsers();
    llvm::InitializeAllAsmPrinters();
  });
}

std::unique_ptr<llvm::TargetMachine> createMachine(const MachineOptions &options,
                                                   std::string &error) {
  initializeTargets();
  // Short triples leave the vendor out, and LLVM reads them by position.
  llvm::Triple triple(llvm::Triple::normalize(options.triple));
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  llvm::TargetOptions targetOptions;
  // Products and sums are fused only where the compiler says so: results do not depend on the
  // optimizer.
  targetOptions.AllowFPOpFusion =
      options.fastMath ? llvm::FPOpFusion::Fast : llvm::FPOpFusion::Strict;
  if (options.hardFloat)
    targetOptions.FloatABIType = llvm::FloatABI::Hard;
  auto relocation = options.positionIndependent ? llvm::Reloc::PIC_ : llvm::Reloc::Static;
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, options.cpu, options.features, targetOptions, relocation,
                                  std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

bool linkKernels(llvm::Module &module, llvm::StringRef bitcode, std::string &error) {
  if (bitcode.empty())
    return true;
  llvm::Expected<std::unique_ptr<llvm::Module>> library =
      llvm::getLazyBitcodeModule(llvm::MemoryBufferRef(bitcode, "kernels"), module.getContext());
  if (!library) {
    error = llvm::toString(library.takeError());
    return false;
  }
  (*library)->setTargetTriple(module.getTargetTriple());
  (*library)->setDataLayout(module.getDataLayout());
  if (llvm::Linker::linkModules(module, std::move(*library), llvm::Linker::LinkOnlyNeeded)) {
    error = "the kernel library does not link";
    return false;
  }
  return true;
}

void setAttributes(llvm::Module &module, const MachineOptions &machine) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", machine.cpu);
    if (!machine.features.empty())
      function.addFnAttr("target-features", machine.features);
    if (machine.preferVectorBits)
      function.addFnAttr("prefer-vector-width", std::to_string(machine.preferVectorBits));
    // Kernels cannot throw, and nobody unwinds through them.
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

/// The kernel library keeps its order: its mathematics depends on it.
void relaxArithmetic(llvm::Module &module) {
  for (llvm::Function &function : module) {
    if (function.getName().starts_with("pebble_"))
      continue;
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (llvm::isa<llvm::FPMathOperator>(instruction)) {
        instruction.setHasAllowReassoc(true);
        instruction.setHasAllowContract(true);
        instruction.setHasAllowReciprocal(true);
      }
  }
}

void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graphs;
  llvm::ModuleAnalysisManager modules;
  llvm::PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graphs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graphs, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

bool undefinedSymbols(const llvm::Module &module, std::string &error) {
  for (const llvm::Function &function : module)
    if (function.isDeclaration() && !function.use_empty() &&
        function.getName().starts_with("pebble_"))
      error += (error.empty() ? "the kernel library lacks " : ", ") + function.getName().str();
  return !error.empty();
}

} // namespace

bool pebble::generateCode(mlir::ModuleOp module, const MachineOptions &options,
                          llvm::StringRef entry, CodeKind kind, std::string &code,
                          std::string &error, const ExtendModule &extend) {
  std::unique_ptr<llvm::TargetMachine> machine = createMachine(options, error);
  if (!machine)
    return false;
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule = mlir::translateModuleToLLVMIR(module, context, entry);
  if (!llvmModule) {
    error = "the program does not translate to LLVM IR";
    return false;
  }
  llvmModule->setTargetTriple(machine->getTargetTriple());
  llvmModule->setDataLayout(machine->createDataLayout());
  std::vector<std::string> visible{entry.str()};
  if (extend)
    visible = extend(*llvmModule);
  if (!linkKernels(*llvmModule, options.microkernels, error) ||
      !linkKernels(*llvmModule, kernels::bitcode(options.triple), error) ||
      undefinedSymbols(*llvmModule, error))
    return false;
  llvm::internalizeModule(*llvmModule, [&](const llvm::GlobalValue &value) {
    return llvm::is_contained(visible, value.getName());
  });
  setAttributes(*llvmModule, options);
  if (options.fastMath)
    relaxArithmetic(*llvmModule);
  optimize(*llvmModule, *machine);

  llvm::raw_string_ostream text(code);
  if (kind == CodeKind::LLVMIR) {
    llvmModule->print(text, nullptr);
    return true;
  }
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager codegen;
  auto fileType = kind == CodeKind::Object ? llvm::CodeGenFileType::ObjectFile
                                           : llvm::CodeGenFileType::AssemblyFile;
  if (machine->addPassesToEmitFile(codegen, stream, nullptr, fileType)) {
    error = "the target cannot emit this kind of file";
    return false;
  }
  codegen.run(*llvmModule);
  code.assign(bytes.begin(), bytes.end());
  return true;
}
