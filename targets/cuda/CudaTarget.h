// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_TARGETS_CUDA_CUDATARGET_H
#define PEBBLE_TARGETS_CUDA_CUDATARGET_H

#include "targets/Target.h"

namespace pebble {

/// NVIDIA GPUs: PTX and the list of its launches.
std::unique_ptr<Target> createCudaTarget();

} // namespace pebble

#endif // PEBBLE_TARGETS_CUDA_CUDATARGET_H
