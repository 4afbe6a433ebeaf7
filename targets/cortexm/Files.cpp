// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "targets/cortexm/Files.h"

#include "runtime/support/Incbin.h"

// EmbeddedFiles.inc is generated: PEBBLE_BOARD or PEBBLE_FIRMWARE(symbol, name, file) for each.
#define PEBBLE_BOARD(symbol, name, file) PEBBLE_INCBIN(symbol, file)
#define PEBBLE_FIRMWARE(symbol, name, file) PEBBLE_INCBIN(symbol, file)
#include "targets/cortexm/EmbeddedFiles.inc"
#undef PEBBLE_BOARD
#undef PEBBLE_FIRMWARE

using pebble::cortexm::File;

#define PEBBLE_FILE(symbol, name)                                                                  \
  File{name, llvm::StringRef(symbol##_begin, symbol##_end - symbol##_begin)},

llvm::ArrayRef<File> pebble::cortexm::boardFiles() {
  static const File files[] = {
#define PEBBLE_BOARD(symbol, name, file) PEBBLE_FILE(symbol, name)
#define PEBBLE_FIRMWARE(symbol, name, file)
#include "targets/cortexm/EmbeddedFiles.inc"
#undef PEBBLE_BOARD
#undef PEBBLE_FIRMWARE
  };
  return files;
}

llvm::ArrayRef<File> pebble::cortexm::firmwareObjects() {
  static const File files[] = {
#define PEBBLE_BOARD(symbol, name, file)
#define PEBBLE_FIRMWARE(symbol, name, file) PEBBLE_FILE(symbol, name)
#include "targets/cortexm/EmbeddedFiles.inc"
#undef PEBBLE_BOARD
#undef PEBBLE_FIRMWARE
  };
  return files;
}
