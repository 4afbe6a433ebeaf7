// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/kernels/Bitcode.h"

#include "runtime/support/Incbin.h"

// BitcodeFiles.inc is generated: PEBBLE_BITCODE(symbol, architecture, file) for each library.
#define PEBBLE_BITCODE(symbol, architecture, file) PEBBLE_INCBIN(symbol, file)
#include "runtime/kernels/BitcodeFiles.inc"
#undef PEBBLE_BITCODE

namespace {

struct Library {
  const char *architecture;
  const char *begin, *end;
};

const Library libraries[] = {
#define PEBBLE_BITCODE(symbol, architecture, file) {architecture, symbol##_begin, symbol##_end},
#include "runtime/kernels/BitcodeFiles.inc"
#undef PEBBLE_BITCODE
};

} // namespace

llvm::StringRef pebble::kernels::bitcode(llvm::StringRef triple) {
  llvm::StringRef architecture = triple.split('-').first;
  for (const Library &library : libraries)
    if (architecture == library.architecture)
      return llvm::StringRef(library.begin, library.end - library.begin);
  return {};
}
