// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Look-up of natively compiled kernels and shape functions by name.
#ifndef PEBBLE_KERNELS_TABLE_H
#define PEBBLE_KERNELS_TABLE_H

#include "runtime/abi/pebble_abi.h"

namespace pebble::kernels {

// The kernel of nn op `mnemonic` for a first operand of `dtype`; null when there is none.
pebble_kernel_fn findKernel(const char *mnemonic, int dtype);

// The shape function of nn op `mnemonic`; null when there is none.
pebble_shape_fn findShape(const char *mnemonic);

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_TABLE_H
