// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_KERNELS_REDUCEAXES_H
#define PEBBLE_KERNELS_REDUCEAXES_H

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

// Sets isReduced[i] for each dim i that `axes` names; isReduced has maxRank elements.
inline int32_t markReducedAxes(const pebble_tensor &input, const pebble_tensor &axes,
                               bool *isReduced) {
  if (input.rank > maxRank || axes.rank != 1)
    return PEBBLE_ERROR_SHAPE;
  for (int i = 0; i < maxRank; ++i)
    isReduced[i] = false;
  for (int64_t i = 0; i < axes.dims[0]; ++i) {
    int64_t axis = indexAt(axes, i);
    if (!normalizeIndex(axis, input.rank))
      return PEBBLE_ERROR_INDEX;
    isReduced[axis] = true;
  }
  return PEBBLE_OK;
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_REDUCEAXES_H
