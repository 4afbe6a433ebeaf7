// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the LLVM dialect to machine code, for every target that LLVM has.
#ifndef PEBBLE_TARGETS_CODEGEN_CODEGEN_H
#define PEBBLE_TARGETS_CODEGEN_CODEGEN_H

#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <string>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace pebble {

struct MachineOptions {
  std::string triple;
  std::string cpu;
  std::string features;          ///< LLVM's "+avx2,+fma".
  unsigned preferVectorBits = 0; ///< 0: LLVM's choice.
  bool positionIndependent = true;
  bool hardFloat = false;       ///< Of Arm: pass floats in registers.
  bool fastMath = false;        ///< Let sums be reordered and products fused.
  llvm::StringRef microkernels; ///< Bitcode of the target's own kernels, beside the library.
};

enum class CodeKind { Object, Assembly, LLVMIR };

/// Adds to the translated module, before it is optimized; returns the names that stay visible.
using ExtendModule = std::function<std::vector<std::string>(llvm::Module &)>;

/// Translates the module, links what it needs of the kernel library, optimizes and generates code.
/// Only `entry` stays visible, or what `extend` names. False with a reason in `error`.
bool generateCode(mlir::ModuleOp module, const MachineOptions &machine, llvm::StringRef entry,
                  CodeKind kind, std::string &code, std::string &error,
                  const ExtendModule &extend = {});

/// Links an object into an ELF shared object that needs nothing but libc and libm.
bool linkSharedObject(llvm::StringRef object, std::string &shared, std::string &error);

/// Links objects into an executable whose layout `script`, a linker script, gives.
bool linkExecutable(llvm::ArrayRef<llvm::StringRef> objects, llvm::StringRef script,
                    std::string &executable, std::string &error);

} // namespace pebble

#endif // PEBBLE_TARGETS_CODEGEN_CODEGEN_H
