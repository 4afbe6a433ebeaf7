// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lengths of the Fourier transform ops, from their operands and attributes.
#ifndef PEBBLE_KERNELS_FOURIERSHAPE_H
#define PEBBLE_KERNELS_FOURIERSHAPE_H

#include "runtime/kernels/Tensor.h"

namespace pebble::kernels {

struct DftShape {
  int64_t axis, length, bins; // `bins` elements of the result along the axis
  bool inverse, onesided, realResult;
};

inline int32_t resolveDft(DftShape &shape, const pebble_tensor &input,
                          const pebble_tensor &lengthOperand, const pebble_tensor &axisOperand,
                          const int64_t *ints) {
  if (input.rank < 2 || input.rank > maxRank ||
      (input.dims[input.rank - 1] != 1 && input.dims[input.rank - 1] != 2) ||
      (present(lengthOperand) && numel(lengthOperand) != 1) ||
      (present(axisOperand) && numel(axisOperand) != 1))
    return PEBBLE_ERROR_SHAPE;
  shape.inverse = ints[0] != 0;
  shape.onesided = ints[1] != 0;
  shape.realResult = shape.inverse && shape.onesided;
  shape.axis = present(axisOperand) ? indexAt(axisOperand, 0) : -2;
  if (!normalizeIndex(shape.axis, input.rank) || shape.axis == input.rank - 1)
    return PEBBLE_ERROR_INDEX;
  int64_t size = input.dims[shape.axis];
  shape.length = present(lengthOperand) ? indexAt(lengthOperand, 0)
                 : shape.realResult     ? 2 * (size - 1)
                                        : size;
  // The products of positions in a sum must not overflow.
  if (shape.length < 1 || shape.length > (int64_t(1) << 28))
    return PEBBLE_ERROR_VALUE;
  shape.bins = shape.onesided && !shape.inverse ? shape.length / 2 + 1 : shape.length;
  return PEBBLE_OK;
}

struct StftShape {
  int64_t step, length, frames, bins;
};

inline int32_t resolveStft(StftShape &shape, const pebble_tensor &signal,
                           const pebble_tensor &stepOperand, const pebble_tensor &window,
                           const pebble_tensor &lengthOperand, const int64_t *ints) {
  if (signal.rank != 3 || (signal.dims[2] != 1 && signal.dims[2] != 2) || numel(stepOperand) != 1 ||
      (present(window) && window.rank != 1) ||
      (present(lengthOperand) && numel(lengthOperand) != 1))
    return PEBBLE_ERROR_SHAPE;
  shape.step = indexAt(stepOperand, 0);
  shape.length = present(lengthOperand) ? indexAt(lengthOperand, 0)
                 : present(window)      ? window.dims[0]
                                        : signal.dims[1];
  if (shape.step < 1 || shape.length < 1 || shape.length > signal.dims[1] ||
      shape.length > (int64_t(1) << 28))
    return PEBBLE_ERROR_VALUE;
  shape.frames = (signal.dims[1] - shape.length) / shape.step + 1;
  shape.bins = ints[0] ? shape.length / 2 + 1 : shape.length;
  return PEBBLE_OK;
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_FOURIERSHAPE_H
