// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_RUNTIME_CUDA_EXECUTE_H
#define PEBBLE_RUNTIME_CUDA_EXECUTE_H

#include "runtime/cuda/Plan.h"
#include "runtime/package/Loader.h"

namespace pebble::cuda {

enum class Outcome { Done, NoDevice, BadPackage, NoMemory, BadInput, Failed };

/// Runs a package for this target once on the first GPU. Inputs and outputs are dense tensors in
/// the model's order; outputs have their size already.
Outcome execute(const package::Package &package, const std::vector<const void *> &inputs,
                std::vector<std::vector<char>> &outputs, std::string &error);

} // namespace pebble::cuda

#endif // PEBBLE_RUNTIME_CUDA_EXECUTE_H
