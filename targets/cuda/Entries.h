// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_TARGETS_CUDA_ENTRIES_H
#define PEBBLE_TARGETS_CUDA_ENTRIES_H

#include "runtime/cuda/Plan.h"

#include <string>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace pebble::cuda {

/// Adds to the module what makes its functions kernels of a GPU: for each kernel of the plan an
/// entry `pebble_<kernel>(environment, buffers..., status)` that reports a failure in *status, and
/// the functions that tell a thread its number. Returns the entries' names.
std::vector<std::string> addEntries(llvm::Module &module, const Plan &plan);

} // namespace pebble::cuda

#endif // PEBBLE_TARGETS_CUDA_ENTRIES_H
