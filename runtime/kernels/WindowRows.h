// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the rows (the elements along the last dim) that the windows of one output row meet.
#ifndef PEBBLE_KERNELS_WINDOWROWS_H
#define PEBBLE_KERNELS_WINDOWROWS_H

#include "runtime/kernels/Window.h"

namespace pebble::kernels {

// Output columns whose running values are on the stack at once.
inline constexpr int64_t columnBlock = 256;

// Output coordinates, but the last, of a row of a plane.
PEBBLE_INLINE void rowCoordinates(const Windows &w, int64_t row, int64_t *at) {
  for (int64_t d = w.rank - 2; d >= 0; --d) {
    at[d] = row % w.output[d];
    row /= w.output[d];
  }
}

// Calls body(offset of the input row, tap row) for the taps, but the last dim's, of the windows of
// an output row that hit an input row; tap rows count in row-major order.
template <typename Body>
PEBBLE_INLINE void forWindowRows(const Windows &w, const int64_t *at, Body body) {
  int64_t last = w.rank - 1, tap[maxRank] = {}, count = product(w.kernel, 0, last);
  for (int64_t i = 0; i < count; ++i) {
    bool inside = true;
    int64_t row = 0;
    for (int64_t d = 0; d < last; ++d) {
      int64_t position = w.position(d, at[d], tap[d]);
      inside &= position >= 0 && position < w.input[d];
      row = row * w.input[d] + position;
    }
    if (inside)
      body(row * w.input[last], i);
    for (int64_t d = last - 1; d >= 0 && ++tap[d] == w.kernel[d]; --d)
      tap[d] = 0;
  }
}

} // namespace pebble::kernels
#endif // PEBBLE_KERNELS_WINDOWROWS_H
