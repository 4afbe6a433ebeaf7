// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernel library as LLVM bitcode, embedded in the compiler.
#ifndef PEBBLE_KERNELS_BITCODE_H
#define PEBBLE_KERNELS_BITCODE_H

#include "llvm/ADT/StringRef.h"

namespace pebble::kernels {

// The bitcode for the architecture that `triple` starts with; empty when there is none. Its
// functions carry no target-cpu or target-features, so they take those of the target machine.
llvm::StringRef bitcode(llvm::StringRef triple);

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_BITCODE_H
