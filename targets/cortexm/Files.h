// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that are part of the compiler: board descriptions and the firmware's objects.
#ifndef PEBBLE_TARGETS_CORTEXM_FILES_H
#define PEBBLE_TARGETS_CORTEXM_FILES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace pebble::cortexm {

struct File {
  llvm::StringRef name, contents;
};

llvm::ArrayRef<File> boardFiles(); ///< Named as the boards.
llvm::ArrayRef<File> firmwareObjects();

} // namespace pebble::cortexm

#endif // PEBBLE_TARGETS_CORTEXM_FILES_H
