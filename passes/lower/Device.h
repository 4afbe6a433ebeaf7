// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes for targets whose kernels run on a device while a host follows a fixed list of launches.
#ifndef PEBBLE_PASSES_LOWER_DEVICE_H
#define PEBBLE_PASSES_LOWER_DEVICE_H

#include "mlir/Pass/Pass.h"

namespace pebble {

/// `spread-threads`: the parallel loop of a kernel becomes a loop whose iterations the threads of
/// the launch share. The attribute `mem.threads` of each kernel is how many threads it can use.
std::unique_ptr<mlir::Pass> createSpreadThreads();

/// `record-launches`: `@main`, a straight line of launches and copies on planned buffers, becomes
/// the module attribute `mem.launches` and goes. Each entry has `arguments`, pairs of a space and
/// an index or offset in it, and either `kernel` and `threads` or `copy`, a number of bytes. A
/// program that is not such a list gets `mem.not_recordable`, the name of the first op without an
/// entry.
std::unique_ptr<mlir::Pass> createRecordLaunches();

} // namespace pebble

#endif // PEBBLE_PASSES_LOWER_DEVICE_H
