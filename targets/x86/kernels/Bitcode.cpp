// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/x86/kernels/Bitcode.h"

#include "runtime/support/Incbin.h"

PEBBLE_INCBIN(pebble_x86_bitcode, PEBBLE_X86_BITCODE)

llvm::StringRef pebble::x86::kernelBitcode() {
  return llvm::StringRef(pebble_x86_bitcode_begin,
                         pebble_x86_bitcode_end - pebble_x86_bitcode_begin);
}
