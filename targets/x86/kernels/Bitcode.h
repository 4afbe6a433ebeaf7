// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_X86_KERNELS_BITCODE_H
#define PEBBLE_X86_KERNELS_BITCODE_H

#include "llvm/ADT/StringRef.h"

namespace pebble::x86 {

/// The microkernels of all levels as LLVM bitcode. Its functions carry no target-cpu or
/// target-features, so they take those of the target machine, which must have the level's features.
llvm::StringRef kernelBitcode();

} // namespace pebble::x86

#endif // PEBBLE_X86_KERNELS_BITCODE_H
