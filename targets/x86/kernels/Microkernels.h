// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which microkernel computes an operation on a processor. Abi.h says how it is called.
#ifndef PEBBLE_X86_KERNELS_MICROKERNELS_H
#define PEBBLE_X86_KERNELS_MICROKERNELS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <string>

namespace pebble::x86 {

struct Microkernel {
  std::string op;                                 ///< "gemm", as in Kernels.def.
  std::string input;                              ///< "u8" or "s8".
  std::string output;                             ///< Or "i32" or "f32".
  llvm::SmallVector<llvm::StringRef, 8> features; ///< What the processor needs, in LLVM's names.
  std::string symbol;                             ///< Of the function in kernelBitcode().
};

/// All of them; of those for one operation, the best comes first.
llvm::ArrayRef<Microkernel> microkernels();

/// The best for a processor that has `features`; null when nothing computes the operation. The
/// portable level needs no feature.
const Microkernel *selectMicrokernel(llvm::StringRef op, llvm::StringRef input,
                                     llvm::StringRef output, llvm::ArrayRef<std::string> features);

} // namespace pebble::x86

#endif // PEBBLE_X86_KERNELS_MICROKERNELS_H
