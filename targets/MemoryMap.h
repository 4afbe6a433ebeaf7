// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a scheduled program does to its arena, for the package.
#ifndef PEBBLE_TARGETS_MEMORYMAP_H
#define PEBBLE_TARGETS_MEMORYMAP_H

#include "runtime/package/Manifest.h"

#include "mlir/IR/BuiltinOps.h"

namespace pebble {

/// Fills the steps, slots, regions and lower bound of `manifest`, whose kernels are known, from
/// `module` after the phase schedule.
void describeMemory(mlir::ModuleOp module, package::Manifest &manifest);

} // namespace pebble

#endif // PEBBLE_TARGETS_MEMORYMAP_H
